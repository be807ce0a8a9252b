package audit

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// badLine is a line that is no record, or not the one that was written.
type badLine struct {
	file   string
	line   int
	offset int64
	whole  bool   // it ends with a newline
	long   bool   // longer than any record
	number uint64 // 0 when it cannot be read
}

// chain follows one boot's records from file to file.
type chain struct {
	v        *verifier
	gateway  string
	boot     string
	segments []segment
	wanted   map[uint64][]want // records that others know of

	seen    bool // a record was read
	first   *Record
	next    uint64
	prev    string
	loose   bool // the record before could not be read: nothing to compare with
	bad     []badLine
	badEnd  Torn
	gaps    map[uint64]Finding // single missing numbers, by number
	window  window
	last    *Point
	place   Finding // of the last record
	open    *openBody
	keys    keyring
	sealed  uint64
	strange map[string]bool // keys that were reported
	pending map[uint64]string
	closed  uint64
	shut    bool // the seal behind the close is there
	notes   []removal
}

// want is what others say of a record.
type want struct {
	hash string
	head bool // said by a head that was kept elsewhere
}

type removal struct {
	number uint64
	body   removedBody
}

func (v *verifier) chain(gateway, boot string, segments []segment, wanted map[uint64][]want) *chain {
	return &chain{
		v: v, gateway: gateway, boot: boot, segments: segments, wanted: wanted, keys: v.keys,
		next: 1, gaps: map[uint64]Finding{}, window: window{}, strange: map[string]bool{}, pending: map[uint64]string{},
	}
}

// read follows the chain to its end.
func (c *chain) read() error {
	for _, s := range c.segments {
		path := filepath.Join(c.v.dir, s.name)
		err := readLines(path, func(l line) error {
			c.line(s.name, l)
			return nil
		})
		if errors.Is(err, os.ErrNotExist) {
			continue // removed while the gateway runs: what is missing is found
		}
		if err != nil {
			return err
		}
		if len(c.bad) > 0 && c.bad[0].file == s.name {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			c.badEnd = Torn{File: s.name, Offset: c.bad[0].offset, Bytes: info.Size() - c.bad[0].offset}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(c.gaps)) {
		c.v.report.find(c.gaps[n])
	}
	return nil
}

func (c *chain) finding(p Problem, file string, line int, n uint64) Finding {
	return Finding{Problem: p, Gateway: c.gateway, File: file, Line: line, Boot: c.boot, Number: n}
}

func (c *chain) line(file string, l line) {
	r, err := parseRecord(l.bytes)
	if err == nil && (r.Gateway != c.gateway || r.Boot != c.boot) {
		c.v.report.find(c.finding(Reordered, file, l.number, r.Number))
		return
	}
	if err != nil {
		b := badLine{file: file, line: l.number, offset: l.offset, whole: l.whole, long: l.long()}
		if r != nil {
			b.number = r.Number
		}
		c.bad = append(c.bad, b)
		return
	}
	c.record(file, l.number, r)
}

func (c *chain) record(file string, line int, r *Record) {
	bad := uint64(len(c.bad))
	c.changed()
	f := c.finding("", file, line, r.Number)
	switch n := r.Number; {
	case !c.seen:
		c.first = r
	case n == c.next && bad == 0:
		if r.Prev != c.prev && !c.loose {
			f.Problem = Replaced
			c.v.report.find(f)
		}
	case n == c.next+bad, n == c.next && bad > 0:
		// The lines that cannot be read stood for the records between.
	case n > c.next:
		for gap := c.next; gap < n && len(c.gaps) < mostListed; gap++ {
			f.Problem, f.Number, f.To = Missing, gap, 0
			c.gaps[gap] = f
		}
	default:
		c.earlier(f, r)
		return
	}
	c.seen, c.loose = true, false
	c.next, c.prev = r.Number+1, r.Hash
	c.take(f, r)
}

// earlier is a record whose number should have come before.
func (c *chain) earlier(f Finding, r *Record) {
	hash, known := c.window.get(r.Number)
	_, gap := c.gaps[r.Number]
	switch {
	case gap:
		delete(c.gaps, r.Number)
		f.Problem = Reordered
		c.window.put(r.Number, r.Hash)
		c.known(f, r)
	case known && hash == r.Hash:
		f.Problem = Cloned
	case known:
		f.Problem = Forked
	default:
		f.Problem = Reordered
	}
	c.v.report.find(f)
}

// changed reports the lines before a good one that cannot be read.
func (c *chain) changed() {
	for i, b := range c.bad {
		n := b.number
		if n == 0 && c.seen {
			n = c.next + uint64(i)
		}
		c.v.report.find(c.finding(Changed, b.file, b.line, n))
	}
	c.loose = c.loose || len(c.bad) > 0
	c.bad = nil
}

// known compares a record with what others know of it.
func (c *chain) known(f Finding, r *Record) {
	for _, w := range c.wanted[r.Number] {
		if w.hash == r.Hash {
			continue
		}
		f.Problem = Replaced
		if w.head {
			f.Problem = NotSigned
		}
		c.v.report.find(f)
	}
}

// take reads what a record says.
func (c *chain) take(f Finding, r *Record) {
	c.v.report.Records++
	c.window.put(r.Number, r.Hash)
	p := r.point()
	c.last, c.place = &p, f
	c.known(f, r)
	if c.closed > 0 && (r.Kind != KindSeal || c.shut) {
		f.Problem = AfterClose
		c.v.report.find(f)
	}
	body := func(v any) bool {
		err := json.Unmarshal(r.Body, v)
		if err != nil {
			f.Problem = Changed
			c.v.report.find(f)
		}
		return err == nil
	}
	switch r.Kind {
	case KindOpen:
		var b openBody
		if body(&b) {
			c.opened(&b)
		}
	case KindStart:
		var b struct {
			Query string `json:"query"`
		}
		if body(&b) {
			c.pending[r.Number] = b.Query
		}
	case KindEnd:
		var b struct {
			Number uint64 `json:"start"`
		}
		if body(&b) {
			delete(c.pending, b.Number)
		}
	case KindSeal:
		var h Head
		if body(&h) {
			c.seal(f, h)
		}
	case KindRemoved:
		var b removedBody
		if body(&b) {
			c.notes = append(c.notes, removal{r.Number, b})
		}
	case KindClose:
		c.closed = r.Number
		var b closeBody
		if body(&b) && b.Lost > 0 {
			f.Problem, f.Other = NoteLost, strconv.FormatUint(b.Lost, 10)
			c.v.report.note(f)
		}
	}
}

func (c *chain) opened(b *openBody) {
	c.open = b
	if k, ok := publicKey(b.PKIX); ok && len(c.v.keys) == 0 {
		c.keys = ring([]PublicKey{k})
	}
}

// seal checks a signature and that it is over the record which stands here.
func (c *chain) seal(f Finding, h Head) {
	if c.closed > 0 {
		c.shut = true
	}
	_, ok := c.keys[h.KeyID]
	switch {
	case !ok:
		if !c.strange[h.KeyID] {
			f.Problem, f.Other = UnknownKey, h.KeyID
			c.v.report.find(f)
		}
		c.strange[h.KeyID] = true
		return
	case !h.signedBy(c.keys) || h.Gateway != c.gateway || h.Boot != c.boot || h.Number >= f.Number:
		f.Problem = Forged
		c.v.report.find(f)
		return
	}
	c.v.report.Seals++
	c.sealed = max(c.sealed, h.Number)
	if hash, known := c.window.get(h.Number); known && hash != h.Hash {
		f.Problem, f.Number = NotSigned, h.Number
		c.v.report.find(f)
	}
}

// windowSize is how many records back a repeated one is told from a forked one.
const windowSize = 1 << 18

// window remembers the hashes of the last records.
type window map[uint64]string

func (w window) put(n uint64, hash string) {
	w[n] = hash
	if n > windowSize {
		delete(w, n-windowSize)
	}
}

func (w window) get(n uint64) (string, bool) {
	hash, ok := w[n]
	return hash, ok
}
