package audit

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Names in the folder beside segments.
const (
	lockName    = "lock"
	reserveName = "reserve"
)

// segment is one file of a folder: <gateway>~<boot>~<number>.jsonl.
type segment struct {
	name    string
	gateway string
	boot    string
	number  int // from 1 within the boot
}

var segmentName = regexp.MustCompile(`^([A-Za-z0-9._-]{1,64})~(\d{6,}-[0-9a-f]{8})~(\d{6,})\.jsonl$`)

func nameOfSegment(gateway, boot string, number int) string {
	return fmt.Sprintf("%s~%s~%06d.jsonl", gateway, boot, number)
}

func parseSegmentName(name string) (segment, bool) {
	m := segmentName.FindStringSubmatch(name)
	if m == nil {
		return segment{}, false
	}
	n, err := strconv.Atoi(m[3])
	return segment{name: name, gateway: m[1], boot: m[2], number: n}, err == nil && n > 0 && nameOfSegment(m[1], m[2], n) == name
}

// sequence is the boot's place among the gateway's boots, from 1.
func sequence(boot string) uint64 {
	digits, _, _ := strings.Cut(boot, "-")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// byAge sorts segments by gateway, boot and number: the oldest first.
func byAge(a, b segment) int {
	return cmp.Or(
		cmp.Compare(a.gateway, b.gateway),
		cmp.Compare(sequence(a.boot), sequence(b.boot)),
		cmp.Compare(a.boot, b.boot),
		cmp.Compare(a.number, b.number),
	)
}

// segmentsOf lists the folder's segments, oldest first, and the names of files
// that do not belong there.
func segmentsOf(dir string) (segments []segment, strange []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		s, ok := parseSegmentName(e.Name())
		switch {
		case ok && e.Type().IsRegular():
			segments = append(segments, s)
		case e.Name() != lockName && e.Name() != reserveName && !strings.HasPrefix(e.Name(), reserveName+"."):
			strange = append(strange, e.Name())
		}
	}
	slices.SortFunc(segments, byAge)
	return segments, strange, nil
}

// maxLine is how much of a line is read: more than any record has. What is longer was
// never written by a log.
const maxLine = 16 << 20

// line is a line of a segment as it stands there.
type line struct {
	bytes  []byte // with the newline, if it has one; valid until the next line; of a long one the beginning
	number int    // from 1
	offset int64
	size   int64 // of the whole line
	whole  bool  // it ends with a newline
}

// long tells of a line that is longer than any record.
func (l *line) long() bool { return l.size > maxLine }

// readLines calls each with every line of a file.
func readLines(path string, each func(line) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := bufio.NewReaderSize(f, 1<<16)
	l := line{number: 1}
	for {
		l.bytes, l.size, l.whole = l.bytes[:0], 0, false
		for {
			part, err := r.ReadSlice('\n')
			if l.size += int64(len(part)); l.size <= maxLine {
				l.bytes = append(l.bytes, part...)
			}
			l.whole = err == nil
			if err == nil || errors.Is(err, io.EOF) {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return err
			}
		}
		if l.size == 0 {
			return nil
		}
		if err := each(l); err != nil {
			return err
		}
		l.offset += l.size
		l.number++
	}
}

var errStop = errors.New("enough")

// firstRecord gives the first line's record; nil when that is none.
func firstRecord(path string) (*Record, error) {
	var first *Record
	err := readLines(path, func(l line) error {
		if r, err := parseRecord(l.bytes); err == nil {
			first = r
		}
		return errStop
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return first, err
}

// Torn is what stands at a file's end behind the last record: a write that the
// process or the machine did not live to complete, so nobody was told of it.
type Torn struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // where it begins
	Bytes  int64  `json:"bytes"`
}

// past is what a folder holds of a gateway's earlier boots.
type past struct {
	sequence uint64 // of the last boot; 0 for none
	last     *Point // the last record; nil for none
	torn     []Torn // behind it
}

// recall reads how far the gateway's last boot in the folder came.
func recall(dir, gateway string) (past, error) {
	segments, _, err := segmentsOf(dir)
	if err != nil {
		return past{}, err
	}
	var p past
	for _, s := range slices.Backward(segments) {
		if s.gateway != gateway {
			continue
		}
		p.sequence = max(p.sequence, sequence(s.boot))
		end := int64(0)
		path := filepath.Join(dir, s.name)
		err := readLines(path, func(l line) error {
			if r, err := parseRecord(l.bytes); err == nil {
				at := r.point()
				p.last, end = &at, l.offset+int64(len(l.bytes))
			}
			return nil
		})
		if err != nil {
			return past{}, err
		}
		info, err := os.Stat(path)
		if err != nil {
			return past{}, err
		}
		if info.Size() > end {
			p.torn = append(p.torn, Torn{File: s.name, Offset: end, Bytes: info.Size() - end})
		}
		if p.last != nil {
			return p, nil
		}
	}
	return p, nil
}
