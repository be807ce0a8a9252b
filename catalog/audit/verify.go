package audit

import (
	"cmp"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

// Verify reads every record of a folder and says what is wrong with it, what is
// explained, and what it cannot know. Heads are those that were kept elsewhere, of
// any gateway; keys those that may have signed. Without keys the ones that the log
// names are taken, and the report says so. A gateway may be writing meanwhile. The
// error is of reading the folder.
func Verify(dir string, heads []Head, keys []PublicKey) (*Report, error) {
	v := &verifier{dir: dir, keys: ring(keys), report: &Report{Findings: []Finding{}}}
	segments, strange, err := segmentsOf(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range strange {
		v.report.note(Finding{Problem: NoteStrange, File: name})
	}
	gateways := map[string][]segment{}
	for _, s := range segments {
		gateways[s.gateway] = append(gateways[s.gateway], s)
	}
	byGateway := map[string][]Head{}
	for _, h := range heads {
		byGateway[h.Gateway] = append(byGateway[h.Gateway], h)
	}
	for _, name := range slices.Sorted(maps.Keys(gateways)) {
		if err := v.gateway(name, gateways[name], byGateway[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byGateway)) {
		if gateways[name] != nil {
			continue
		}
		if len(gateways) > 0 {
			v.report.limit(Finding{Problem: LimitForeign, Gateway: name})
			continue
		}
		v.missing(name, byGateway[name])
	}
	if len(segments) == 0 && len(heads) == 0 {
		v.report.limit(Finding{Problem: LimitEmpty})
	}
	if len(keys) == 0 && len(segments) > 0 {
		v.report.limit(Finding{Problem: LimitNoKeys})
	}
	return v.report, nil
}

type verifier struct {
	dir    string
	keys   keyring
	report *Report
}

// missing reports the boots of a gateway of which an empty folder holds nothing.
func (v *verifier) missing(gateway string, heads []Head) {
	boots := map[string]uint64{}
	for _, h := range heads {
		boots[h.Boot] = max(boots[h.Boot], h.Number)
	}
	for _, boot := range slices.Sorted(maps.Keys(boots)) {
		v.report.find(Finding{Problem: BootMissing, Gateway: gateway, Boot: boot, Number: boots[boot]})
	}
}

// boots are one gateway's chains, in their order.
type boots struct {
	*verifier
	name   string
	chains []*chain
	byID   map[string]*chain
	wanted map[string]map[uint64][]want
	torn   map[string]Torn // what opens say of files' ends
	upTo   *Point          // records up to here were removed
}

func (v *verifier) gateway(name string, segments []segment, heads []Head) error {
	b := &boots{verifier: v, name: name, byID: map[string]*chain{}, wanted: map[string]map[uint64][]want{}, torn: map[string]Torn{}}
	heads = b.heads(heads)
	for _, group := range groups(segments) {
		first, err := firstRecord(filepath.Join(v.dir, group[0].name))
		if err != nil {
			return err
		}
		if first != nil && first.Kind == KindOpen {
			b.foretell(first)
		}
	}
	for _, group := range groups(segments) {
		c := v.chain(name, group[0].boot, group, b.want(group[0].boot))
		if err := c.read(); err != nil {
			return err
		}
		b.chains = append(b.chains, c)
		b.byID[c.boot] = c
	}
	b.removals()
	for i, c := range b.chains {
		b.end(c, i == len(b.chains)-1)
	}
	b.links()
	b.absent()
	b.limits(heads)
	return nil
}

// groups splits segments, which are in order, by boot.
func groups(segments []segment) [][]segment {
	var out [][]segment
	for i, s := range segments {
		if i == 0 || s.boot != segments[i-1].boot {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
	}
	return out
}

// heads takes the heads that are signed, and notes what they say.
func (b *boots) heads(heads []Head) []Head {
	var signed []Head
	for _, h := range heads {
		if len(b.keys) > 0 && !h.signedBy(b.keys) {
			b.report.find(Finding{Problem: HeadForged, Gateway: b.name, Boot: h.Boot, Number: h.Number, Other: h.KeyID})
			continue
		}
		signed = append(signed, h)
		b.expect(h.point(), true)
	}
	slices.SortFunc(signed, func(x, y Head) int {
		return cmp.Or(cmp.Compare(sequence(x.Boot), sequence(y.Boot)), cmp.Compare(x.Boot, y.Boot), cmp.Compare(x.Number, y.Number))
	})
	return signed
}

func (b *boots) want(boot string) map[uint64][]want {
	if b.wanted[boot] == nil {
		b.wanted[boot] = map[uint64][]want{}
	}
	return b.wanted[boot]
}

func (b *boots) expect(p Point, head bool) {
	w := b.want(p.Boot)
	if !slices.ContainsFunc(w[p.Number], func(x want) bool { return x.hash == p.Hash }) {
		w[p.Number] = append(w[p.Number], want{hash: p.Hash, head: head})
	}
}

// foretell notes what a boot's first record says of others, before they are read.
func (b *boots) foretell(first *Record) {
	var o openBody
	if json.Unmarshal(first.Body, &o) != nil {
		return
	}
	for _, p := range []*Point{o.After, o.Store} {
		if p != nil {
			b.expect(*p, p == o.Store)
		}
	}
	for _, t := range o.Torn {
		b.torn[t.File] = t
	}
}

// removals finds the newest note, under a signature, of records that went.
func (b *boots) removals() {
	for _, c := range b.chains {
		for _, n := range c.notes {
			if n.number <= c.sealed {
				p := n.body.UpTo
				b.upTo = &p
			}
		}
	}
	if b.upTo != nil {
		b.report.note(Finding{Problem: NoteRemoved, Gateway: b.name, Boot: b.upTo.Boot, Number: b.upTo.Number})
	}
}

// removed reports whether a record went when its time was over.
func (b *boots) removed(boot string, n uint64) bool {
	return b.upTo != nil && (sequence(boot) < sequence(b.upTo.Boot) || boot == b.upTo.Boot && n <= b.upTo.Number)
}

// end checks both ends of a chain.
func (b *boots) end(c *chain, newest bool) {
	b.report.Boots++
	b.tail(c, newest)
	if c.last == nil {
		return
	}
	if c.first.Number > 1 {
		cut := c.first.Number - 1
		whole := b.removed(c.boot, cut)
		if whole && b.upTo.Boot == c.boot && b.upTo.Number == cut {
			whole = b.upTo.Hash == c.first.Prev
		}
		if !whole {
			b.report.find(Finding{Problem: Missing, Gateway: b.name, File: c.segments[0].name, Line: 1, Boot: c.boot, Number: 1, To: cut})
		}
	} else if c.first.Kind != KindOpen || c.first.Prev != hashings[c.first.Hashing].zero() {
		b.report.find(Finding{Problem: Changed, Gateway: b.name, File: c.segments[0].name, Line: 1, Boot: c.boot, Number: 1})
	}
	for _, n := range slices.Sorted(maps.Keys(c.wanted)) {
		if n > c.last.Number {
			f := c.place
			f.Problem, f.Number, f.To = CutOff, c.last.Number, n
			b.report.find(f)
		}
	}
	f := c.place
	if c.last.Number > c.sealed && !c.shut {
		f.Problem, f.Number, f.To = LimitUnsigned, c.sealed+1, c.last.Number
		b.report.limit(f)
	}
	f = c.place
	switch {
	case c.closed > 0 && !c.shut:
		f.Problem, f.To = CutOff, c.closed+1
		b.report.find(f)
	case c.closed == 0:
		f.Problem = NoteNotClosed
		b.report.note(f)
	}
	for _, n := range slices.Sorted(maps.Keys(c.pending)) {
		b.report.OpenAll++
		if len(b.report.Open) < mostListed {
			b.report.Open = append(b.report.Open, Pending{Gateway: b.name, Boot: c.boot, Number: n, Query: c.pending[n]})
		}
	}
}

// tail judges what stands behind a chain's last record.
func (b *boots) tail(c *chain, newest bool) {
	named := false
	for _, s := range c.segments {
		t, ok := b.torn[s.name]
		if !ok {
			continue
		}
		if len(c.bad) > 0 && t == c.badEnd && !c.bad[0].long {
			named = true
			b.report.note(Finding{Problem: NoteTorn, Gateway: b.name, File: t.File, Line: c.bad[0].line, Boot: c.boot, Other: strconv.FormatInt(t.Bytes, 10)})
			continue
		}
		b.report.find(Finding{Problem: Changed, Gateway: b.name, File: t.File, Boot: c.boot})
	}
	if len(c.bad) == 0 || named {
		return
	}
	// A write that was not completed ends before its newline, and nothing follows it.
	if l := c.bad[0]; newest && len(c.bad) == 1 && !l.whole && !l.long && l.file == c.segments[len(c.segments)-1].name && c.closed == 0 {
		b.report.note(Finding{Problem: NoteTornLast, Gateway: b.name, File: l.file, Line: l.line, Boot: c.boot, Other: strconv.FormatInt(c.badEnd.Bytes, 10)})
		return
	}
	c.changed()
}

// links checks that each boot follows the one before.
func (b *boots) links() {
	follows := map[string]string{} // boot -> the one that names it as the one before
	for i, c := range b.chains {
		fork := Finding{Problem: BootForked, Gateway: b.name, File: c.segments[0].name, Boot: c.boot}
		if c.open == nil {
			continue
		}
		if c.open.After == nil {
			if i > 0 && b.chains[i-1].last != nil || c.open.Store == nil && sequence(c.boot) != 1 {
				fork.Other = "-"
				b.report.find(fork)
			}
			continue
		}
		after := c.open.After
		before := b.byID[after.Boot]
		switch other, taken := follows[after.Boot]; {
		case taken:
			fork.Other = other
			b.report.find(fork)
		case before != nil && before.last != nil && before.last.Number > after.Number:
			f := before.place
			f.Problem, f.Number, f.Other = BootForked, after.Number+1, c.boot
			b.report.find(f)
		}
		follows[after.Boot] = c.boot
	}
}

// absent finds boots that are known of and of which nothing is there.
func (b *boots) absent() {
	places := map[uint64]bool{}
	for _, c := range b.chains {
		places[sequence(c.boot)] = true
	}
	for _, boot := range slices.Sorted(maps.Keys(b.wanted)) {
		numbers := b.wanted[boot]
		if c := b.byID[boot]; len(numbers) == 0 || c != nil && c.last != nil {
			continue
		}
		last := slices.Max(slices.Collect(maps.Keys(numbers)))
		if b.removed(boot, last) {
			continue
		}
		f := Finding{Problem: BootMissing, Gateway: b.name, Boot: boot, Number: last}
		if places[sequence(boot)] && b.byID[boot] == nil {
			f.Problem = BootCloned
		}
		b.report.find(f)
	}
}

// limits says what cannot be known.
func (b *boots) limits(heads []Head) {
	newest := b.chains[len(b.chains)-1]
	if newest.last == nil {
		return
	}
	if len(heads) == 0 {
		b.report.limit(Finding{Problem: LimitNoHeads, Gateway: b.name})
		return
	}
	h := heads[len(heads)-1]
	if h.Boot != newest.boot || h.Number < newest.last.Number || !newest.shut {
		b.report.limit(Finding{Problem: LimitAfterHead, Gateway: b.name, Boot: h.Boot, Number: h.Number})
	}
}
