package audit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// folder is a log of two boots in several segments, and what is known of it.
type folder struct {
	dir   string
	key   *Signer
	heads []Head
	files map[string][]byte
}

// kept makes the folder once; each test writes its own changed copy.
func kept(t *testing.T) folder {
	t.Helper()
	f := folder{dir: t.TempDir(), key: signer(t), files: map[string][]byte{}}
	heads := &store{}
	for range 2 {
		l := opened(t, Options{Dir: f.dir, Signer: f.key, Heads: heads, segmentBytes: 4000, sealEvery: time.Hour})
		for i := range 12 {
			if i == 6 {
				sealNow(t, l)
			}
			id := started(t, l, fmt.Sprint("q", i))
			if _, err := l.EndDurable(t.Context(), End{Start: id, Outcome: Done}); err != nil {
				t.Fatal(err)
			}
		}
		shut(t, l)
	}
	f.heads = heads.heads
	segments, _, err := segmentsOf(f.dir)
	if err != nil || len(segments) < 4 {
		t.Fatalf("%d segments: %v", len(segments), err)
	}
	for _, s := range segments {
		if f.files[s.name], err = os.ReadFile(filepath.Join(f.dir, s.name)); err != nil {
			t.Fatal(err)
		}
	}
	if r := verified(t, f.dir, f.heads, f.key); !r.OK() || len(r.Notes)+len(r.Limits) != 0 {
		t.Fatalf("before anything was changed: %+v", r)
	}
	return f
}

// sealNow signs what stands there, as the clock does otherwise.
func sealNow(t *testing.T, l *Log) {
	t.Helper()
	e, err := l.newSeal(l.tip.Load().point)
	if err == nil {
		_, err = l.wait(t.Context(), e)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (f folder) names() []string {
	var names []string
	for n := range f.files {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// check verifies the folder with some files changed (nil: removed) and puts them back.
func (f folder) check(t interface {
	Fatal(...any)
}, heads []Head, changed map[string][]byte) *Report {
	write := func(name string, data []byte) {
		path := filepath.Join(f.dir, name)
		err := os.RemoveAll(path)
		if err == nil && data != nil {
			err = os.WriteFile(path, data, segmentMode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range changed {
		write(name, data)
	}
	r, err := Verify(f.dir, heads, []PublicKey{f.key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	for name := range changed {
		write(name, f.files[name])
	}
	return r
}

func problems(r *Report) []Problem {
	var all []Problem
	for _, f := range r.Findings {
		all = append(all, f.Problem)
	}
	return all
}

func lines(data []byte) [][]byte { return slices.Collect(bytes.Lines(data)) }

// With the heads from outside, no change of a byte, a line or a file goes unfound.
func TestAnyChangeIsFound(t *testing.T) {
	f := kept(t)
	names := f.names()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "file")
		data := bytes.Clone(f.files[name])
		ls := lines(data)
		at := func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		switch kind := rapid.SampledFrom([]string{"byte", "insert byte", "drop byte", "drop line", "swap", "repeat", "truncate", "drop file", "cut lines"}).Draw(t, "kind"); kind {
		case "byte":
			data[at("at", len(data))] ^= byte(1 + at("bit", 255))
		case "insert byte":
			data = slices.Insert(data, at("at", len(data)), byte(at("value", 256)))
		case "drop byte":
			i := at("at", len(data))
			data = slices.Delete(data, i, i+1)
		case "drop line":
			i := at("line", len(ls))
			data = bytes.Join(slices.Delete(ls, i, i+1), nil)
		case "swap":
			if len(ls) == 1 {
				t.Skip("there is nothing to swap with")
			}
			i := at("line", len(ls))
			j := (i + 1 + at("other", len(ls)-1)) % len(ls)
			ls[i], ls[j] = ls[j], ls[i]
			data = bytes.Join(ls, nil)
		case "repeat":
			i, j := at("line", len(ls)), at("where", len(ls))
			data = bytes.Join(slices.Insert(ls, j, ls[i]), nil)
		case "truncate":
			data = data[:at("at", len(data))]
		case "cut lines":
			data = bytes.Join(ls[:at("line", len(ls))], nil)
		case "drop file":
			data = nil
		}
		if r := f.check(t, f.heads, map[string][]byte{name: data}); r.OK() {
			t.Fatalf("not found: %+v", r)
		}
	})
}

// Each byte of the folder, one after the other.
func TestAnyByteIsFound(t *testing.T) {
	f := kept(t)
	step := 41
	if os.Getenv("LIANJI_LONG") != "" {
		step = 1
	}
	checked := 0
	for _, name := range f.names() {
		for i := rand.IntN(step); i < len(f.files[name]); i += step {
			data := bytes.Clone(f.files[name])
			data[i] ^= byte(1 + rand.IntN(255))
			if r := f.check(t, f.heads, map[string][]byte{name: data}); r.OK() {
				t.Fatalf("%s, byte %d from %q to %q: not found", name, i, f.files[name][i], data[i])
			}
			checked++
		}
	}
	t.Logf("%d bytes changed", checked)
}

// Each kind of change is called what it is, at its place.
func TestKindsOfChange(t *testing.T) {
	f := kept(t)
	names := f.names()
	first, last := names[0], names[len(names)-1]
	ls := lines(f.files[first])
	edit := func(change func([][]byte) [][]byte) []byte { return bytes.Join(change(slices.Clone(ls)), nil) }
	for name, c := range map[string]struct {
		file  string
		data  []byte
		heads []Head
		want  Finding
	}{
		"one letter": {first, bytes.Replace(f.files[first], []byte(`"zhang"`), []byte(`"zheng"`), 1), f.heads,
			Finding{Problem: Changed, Line: 2, Number: 2}},
		"no line": {first, edit(func(l [][]byte) [][]byte { l[2] = []byte("{}\n"); return l }), f.heads,
			Finding{Problem: Changed, Line: 3, Number: 3}},
		"a line less": {first, edit(func(l [][]byte) [][]byte { return slices.Delete(l, 2, 3) }), f.heads,
			Finding{Problem: Missing, Line: 3, Number: 3}},
		"swapped": {first, edit(func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }), f.heads,
			Finding{Problem: Reordered, Line: 4, Number: 3}},
		"twice": {first, edit(func(l [][]byte) [][]byte { return slices.Insert(l, 4, l[2]) }), f.heads,
			Finding{Problem: Cloned, Line: 5, Number: 3}},
		"two of one number": {first, edit(func(l [][]byte) [][]byte { return slices.Insert(l, 4, again(t, l[2], nil)) }), f.heads,
			Finding{Problem: Forked, Line: 5, Number: 3}},
		"replaced, with the right hash": {first, edit(func(l [][]byte) [][]byte { l[2] = again(t, l[2], nil); return l }), f.heads,
			Finding{Problem: Replaced, Line: 4, Number: 4}},
		"the last line": {last, bytes.Join(lines(f.files[last])[:len(lines(f.files[last]))-1], nil), nil,
			Finding{Problem: CutOff}},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.check(t, c.heads, map[string][]byte{c.file: c.data})
			if len(r.Findings) != 1 {
				t.Fatalf("%+v", r.Findings)
			}
			got := r.Findings[0]
			if got.Problem != c.want.Problem || got.File != c.file || c.want.Line > 0 && got.Line != c.want.Line || c.want.Number > 0 && got.Number != c.want.Number {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// again writes a record with another body, and the hash that belongs to it.
func again(t *testing.T, line []byte, prev *string) []byte {
	t.Helper()
	r, err := parseRecord(line)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = bytes.Replace(r.Body, []byte(`{`), []byte(`{"x":1,`), 1)
	if prev != nil {
		r.Prev = *prev
		defer func() { *prev = r.Hash }()
	}
	return appendRecord(nil, sha256Hashing, r)
}

// Whoever writes all hashes anew still lacks the key.
func TestChainMadeAnew(t *testing.T) {
	f := kept(t)
	changed := map[string][]byte{}
	prev := ""
	for _, name := range f.names() {
		if s, _ := parseSegmentName(name); sequence(s.boot) != 2 {
			continue
		}
		for _, l := range lines(f.files[name]) {
			r, err := parseRecord(l)
			if err != nil {
				t.Fatal(err)
			}
			if r.Number > 3 {
				r.Prev = prev
			}
			if r.Number == 3 {
				r.Body = []byte(`{"time":"x","query":"q","principal":"wang"}`)
			}
			changed[name] = appendRecord(changed[name], sha256Hashing, r)
			prev = r.Hash
		}
	}
	r := f.check(t, nil, changed)
	if len(r.Findings) == 0 || slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Problem != NotSigned }) {
		t.Errorf("without heads: %v", problems(r))
	}
	other := signer(t)
	if r, err := Verify(f.dir, f.heads, []PublicKey{other.Public()}); err != nil || !slices.Contains(problems(r), UnknownKey) || !slices.Contains(problems(r), HeadForged) {
		t.Errorf("with a key that signed nothing: %v %v", problems(r), err)
	}
	if r, err := Verify(f.dir, f.heads, nil); err != nil || !r.OK() || r.Limits[0].Problem != LimitNoKeys {
		t.Errorf("without a key: %v %v", r, err)
	}
}

// Without the store's heads the end of the last boot is what cannot be known, and
// the report says so; with them it is found.
func TestCutOff(t *testing.T) {
	f := kept(t)
	names := f.names()
	last := names[len(names)-1]
	ls := lines(f.files[last])
	without := bytes.Join(ls[:len(ls)-2], nil) // the close and its seal
	r := f.check(t, nil, map[string][]byte{last: without})
	if !r.OK() || r.Notes[0].Problem != NoteNotClosed || !slices.ContainsFunc(r.Limits, func(f Finding) bool { return f.Problem == LimitNoHeads }) {
		t.Errorf("without heads: %+v", r)
	}
	r = f.check(t, f.heads, map[string][]byte{last: without})
	if len(r.Findings) != 1 || r.Findings[0].Problem != CutOff || r.Findings[0].To != f.heads[len(f.heads)-1].Number {
		t.Errorf("with heads: %+v", r.Findings)
	}
	// The end of an earlier boot is known from the next one.
	var first string
	for _, n := range names {
		if s, _ := parseSegmentName(n); sequence(s.boot) == 1 {
			first = n
		}
	}
	ls = lines(f.files[first])
	r = f.check(t, nil, map[string][]byte{first: bytes.Join(ls[:len(ls)-2], nil)})
	if got := problems(r); len(got) != 1 || got[0] != CutOff {
		t.Errorf("an earlier boot: %v", got)
	}
	// A whole boot away, or everything.
	gone, all := map[string][]byte{}, map[string][]byte{}
	for _, n := range names {
		all[n] = nil
		if s, _ := parseSegmentName(n); sequence(s.boot) == 2 {
			gone[n] = nil
		}
	}
	if r := f.check(t, f.heads, gone); len(r.Findings) != 1 || r.Findings[0].Problem != BootMissing {
		t.Errorf("a boot away: %+v", r.Findings)
	}
	if r := f.check(t, f.heads, all); len(r.Findings) != 2 || r.Findings[0].Problem != BootMissing {
		t.Errorf("all away: %+v", r.Findings)
	}
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// blind is a store that is told of heads and not asked for them.
type blind struct{ *store }

func (blind) LastHead(context.Context, string) (Head, bool, error) { return Head{}, false, nil }

// A folder that was copied and continued twice is found from either copy by the
// heads, and when both ends stand in one folder, without them.
func TestCloned(t *testing.T) {
	key, dir := signer(t), t.TempDir()
	shut(t, opened(t, Options{Dir: dir, Signer: key}))
	other := copied(t, dir)
	heads := &store{}
	one := opened(t, Options{Dir: dir, Signer: key, Heads: blind{heads}})
	two := opened(t, Options{Dir: other, Signer: key, Heads: blind{heads}})
	shut(t, one)
	shut(t, two)
	for _, d := range []string{dir, other} {
		if got := problems(verified(t, d, heads.heads, key)); !slices.Equal(got, []Problem{BootCloned}) {
			t.Errorf("%v", got)
		}
		if got := problems(verified(t, d, nil, key)); got != nil {
			t.Errorf("one copy without heads shows nothing of the other: %v", got)
		}
	}
	name := nameOfSegment("g1", two.Boot(), 1)
	data, err := os.ReadFile(filepath.Join(other, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, segmentMode); err != nil {
		t.Fatal(err)
	}
	if got := problems(verified(t, dir, nil, key)); !slices.Equal(got, []Problem{BootForked}) {
		t.Errorf("both in one folder: %v", got)
	}
	// The store told the next boot of a head that this folder lacks.
	foreign := slices.DeleteFunc(slices.Clone(heads.heads), func(h Head) bool { return h.Boot != one.Boot() })
	three := opened(t, Options{Dir: other, Signer: key, Heads: &store{heads: foreign}})
	if sequence(three.Boot()) != 3 {
		t.Errorf("boot %s", three.Boot())
	}
	shut(t, three)
	if got := problems(verified(t, other, nil, key)); !slices.Equal(got, []Problem{BootCloned}) {
		t.Errorf("%v", got)
	}
}

// A machine that was copied while it ran writes two chains of one boot.
func TestForkWithinBoot(t *testing.T) {
	key, dir, heads := signer(t), t.TempDir(), &store{}
	l := opened(t, Options{Dir: dir, Signer: key, Heads: heads})
	id := started(t, l, "q1")
	shut(t, l)
	head, err := key.signHead("g1", Point{Boot: id.Boot, Number: id.Number, Hash: id.Hash[1:] + "0"}, formatTime(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	r := verified(t, dir, append(heads.heads, head), key)
	if len(r.Findings) != 1 || r.Findings[0].Problem != NotSigned || r.Findings[0].Number != id.Number {
		t.Errorf("%+v", r.Findings)
	}
	head.Hash = id.Hash
	if got := problems(verified(t, dir, append(heads.heads, head), key)); !slices.Equal(got, []Problem{HeadForged}) {
		t.Errorf("%v", got)
	}
}

// What a crash left at a file's end is named by the next boot, left as it is, and no record.
func TestTornEnd(t *testing.T) {
	key, dir, heads := signer(t), t.TempDir(), &store{}
	l := opened(t, Options{Dir: dir, Signer: key, Heads: heads, sealEvery: time.Hour})
	started(t, l, "q1")
	name := nameOfSegment("g1", l.Boot(), 1)
	shut(t, l)
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	ls := lines(data)
	half := append(bytes.Join(ls[:2], nil), ls[2][:len(ls[2])/2]...)
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, half, segmentMode); err != nil {
		t.Fatal(err)
	}
	r := verified(t, dir, nil, key)
	if !r.OK() || !slices.ContainsFunc(r.Notes, func(f Finding) bool { return f.Problem == NoteTornLast && f.Line == 3 }) {
		t.Errorf("before the next boot: %+v", r)
	}
	shut(t, opened(t, Options{Dir: dir, Signer: key}))
	r = verified(t, dir, nil, key)
	if !r.OK() || !slices.ContainsFunc(r.Notes, func(f Finding) bool { return f.Problem == NoteTorn && f.File == name && f.Line == 3 }) {
		t.Errorf("after the next boot: %+v", r)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, half) {
		t.Errorf("the torn end was touched: %v", err)
	}
	for what, data := range map[string][]byte{"taken away": bytes.Join(ls[:2], nil), "completed": bytes.Join(ls[:3], nil), "longer": append(half, "xx"...)} {
		if err := os.WriteFile(path, data, segmentMode); err != nil {
			t.Fatal(err)
		}
		if r := verified(t, dir, nil, key); r.OK() {
			t.Errorf("the torn end was %s: %+v", what, r)
		}
	}
	// In a boot that ended in good order there is no torn end.
	if err := os.WriteFile(path, append(data, "{"...), segmentMode); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, dir, nil, key); r.OK() {
		t.Errorf("%+v", r)
	}
}

// A boot that somebody made up, with right hashes and no signature, is not passed over.
func TestUnsignedBoot(t *testing.T) {
	key, dir := signer(t), t.TempDir()
	shut(t, opened(t, Options{Dir: dir, Signer: key}))
	l := opened(t, Options{Dir: dir, Signer: key, sealEvery: time.Hour})
	id := started(t, l, "q1")
	name := nameOfSegment("g1", l.Boot(), 1)
	shut(t, l)
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Join(lines(data)[:2], nil), segmentMode); err != nil {
		t.Fatal(err)
	}
	shut(t, opened(t, Options{Dir: dir, Signer: key}))
	r := verified(t, dir, nil, key)
	if !r.OK() || !slices.ContainsFunc(r.Limits, func(f Finding) bool {
		return f.Problem == LimitUnsigned && f.Boot == id.Boot && f.Number == 1 && f.To == 2
	}) {
		t.Errorf("%+v", r)
	}
}

// An empty folder proves nothing, and the report says so.
func TestNothingToVerify(t *testing.T) {
	r, err := Verify(t.TempDir(), nil, nil)
	if err != nil || len(r.Limits) != 1 || r.Limits[0].Problem != LimitEmpty {
		t.Errorf("%+v %v", r, err)
	}
}

// A segment of zeros is a wrong one, however long it is, and the rest is still read.
func TestZeros(t *testing.T) {
	f := kept(t)
	segments, _, err := segmentsOf(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		dir := t.TempDir()
		for name, data := range f.files {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, s.name)
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 70<<20); err != nil { // a hole reads as zeros
			t.Fatal(err)
		}
		r := verified(t, dir, nil, f.key) // without heads, which would tell that records are gone
		if r.OK() || !slices.ContainsFunc(r.Findings, func(x Finding) bool { return x.Problem == Changed && x.File == s.name }) {
			t.Errorf("%s of zeros: %+v", s.name, r.Findings)
		}
		if r.Records == 0 {
			t.Errorf("%s of zeros: nothing was read", s.name)
		}
		if _, err := Export(dir, Filter{}, io.Discard); err != nil {
			t.Errorf("%s of zeros: export: %v", s.name, err)
		}
	}
}
