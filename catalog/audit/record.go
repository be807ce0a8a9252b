package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"time"
)

// Kind says what a record tells.
type Kind string

// The kinds of record.
const (
	KindOpen    Kind = "open"    // first of a boot: what came before it
	KindStart   Kind = "start"   // a statement was let through; its answer may begin
	KindRefused Kind = "refused" // a statement was refused
	KindEnd     Kind = "end"     // how a started statement ended
	KindAct     Kind = "act"     // an administrative act
	KindSeal    Kind = "seal"    // a signed head over everything before
	KindRemoved Kind = "removed" // whole segments went because their time was over
	KindClose   Kind = "close"   // the gateway stopped in good order; one seal follows
)

// version is the layout of a line.
const version = 1

// timeLayout is UTC to the microsecond, always of one length.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// recordDomain keeps a record's hash apart from every other hash.
const recordDomain = "lianji audit record 1\n"

// Record is one line of a segment. The hash is over the line's bytes up to it, so
// what is hashed is what stands in the file, not a reading of it.
type Record struct {
	Version int             `json:"v"`
	Hashing string          `json:"alg"` // sha256 or sm3
	Gateway string          `json:"gw"`
	Boot    string          `json:"boot"`
	Number  uint64          `json:"n"` // from 1, without gaps within a boot
	Time    string          `json:"t"` // when it was written
	Kind    Kind            `json:"kind"`
	Prev    string          `json:"prev"` // hash of the record before; zeros for the first
	Body    json.RawMessage `json:"body"`
	Hash    string          `json:"hash"`
}

// At gives the time of writing; zero when it cannot be read.
func (r *Record) At() time.Time {
	t, err := time.Parse(timeLayout, r.Time)
	if err != nil {
		return time.Time{}
	}
	return t
}

// point is where the record stands in its chain.
func (r *Record) point() Point { return Point{Boot: r.Boot, Number: r.Number, Hash: r.Hash} }

// Point names one record of a gateway.
type Point struct {
	Boot   string `json:"boot"`
	Number uint64 `json:"n"`
	Hash   string `json:"hash"`
}

// codePattern is what gateway ids, boot ids and query ids are made of: none of it
// needs escaping, in a line or in a file's name.
var codePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

const (
	bodyField = `,"body":`
	hashField = `,"hash":"`
	lineEnd   = "\"}\n"
)

// appendRecord writes the line of r to dst, fills in r.Hash, and gives dst.
func appendRecord(dst []byte, h hashing, r *Record) []byte {
	begin := len(dst)
	dst = appendHeader(dst, r)
	dst = append(dst, bodyField...)
	dst = append(dst, r.Body...)
	r.Hash = hex.EncodeToString(h.sum(recordDomain, dst[begin:]))
	dst = append(dst, hashField...)
	dst = append(dst, r.Hash...)
	return append(dst, lineEnd...)
}

// appendHeader writes what stands before the body.
func appendHeader(dst []byte, r *Record) []byte {
	dst = append(dst, `{"v":`...)
	dst = strconv.AppendInt(dst, int64(r.Version), 10)
	for _, f := range [...]struct{ name, value string }{{"alg", r.Hashing}, {"gw", r.Gateway}, {"boot", r.Boot}} {
		dst = appendField(dst, f.name, f.value)
	}
	dst = append(dst, `,"n":`...)
	dst = strconv.AppendUint(dst, r.Number, 10)
	dst = appendField(dst, "t", r.Time)
	dst = appendField(dst, "kind", string(r.Kind))
	return appendField(dst, "prev", r.Prev)
}

// appendField is for values of codePattern, times and hashes, which need no escaping.
func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':', '"')
	dst = append(dst, value...)
	return append(dst, '"')
}

var (
	errNotRecord = errors.New("not a record")
	errHash      = errors.New("its hash is another one")
)

// parseRecord reads a line with its newline. errNotRecord: it is none. errHash: it
// reads like one, and is given, but its content is not what was hashed. Nothing that
// the writer would have written otherwise passes: one record has one form.
func parseRecord(line []byte) (*Record, error) {
	header, rest, ok := bytes.Cut(line, []byte(bodyField))
	if !ok {
		return nil, errNotRecord
	}
	r, ok := parseHeader(header)
	if !ok {
		return nil, errNotRecord
	}
	h := hashings[r.Hashing]
	tail := len(hashField) + 2*h.new().Size() + len(lineEnd)
	if len(rest) < tail {
		return nil, errNotRecord
	}
	rest, end := rest[:len(rest)-tail], rest[len(rest)-tail:]
	if !bytes.HasPrefix(end, []byte(hashField)) || !bytes.HasSuffix(end, []byte(lineEnd)) || !json.Valid(rest) {
		return nil, errNotRecord
	}
	r.Body = bytes.Clone(rest)
	r.Hash = string(end[len(hashField) : len(end)-len(lineEnd)])
	if r.Hash != hex.EncodeToString(h.sum(recordDomain, line[:len(line)-tail])) {
		return r, errHash
	}
	return r, nil
}

// parseHeader reads what stands before the body; false unless it is as the writer
// writes it, byte for byte.
func parseHeader(header []byte) (*Record, bool) {
	var r Record
	dec := json.NewDecoder(bytes.NewReader(append(bytes.Clone(header), '}')))
	if dec.Decode(&r) != nil || r.Version != version {
		return nil, false
	}
	if _, ok := hashings[r.Hashing]; !ok {
		return nil, false
	}
	return &r, bytes.Equal(appendHeader(make([]byte, 0, len(header)), &r), header)
}

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }
