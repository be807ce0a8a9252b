package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/catalogapi"
	"github.com/lianji/lianji/server/servertest"
)

type noEngine struct{ server.Querier }

func (noEngine) Close() error { return nil }

// over opens a gateway over a catalogue, without sources.
func (k *kept) over(t *testing.T) *App {
	t.Helper()
	a, err := Open(t.Context(), k.cfg, Options{NewEngine: func(EngineOptions) (Engine, error) { return noEngine{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// say sends a statement as the door does, with the token of a login.
func (k *kept) say(t *testing.T, a *App, login, text string) ([][]string, error) {
	t.Helper()
	if err := a.authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := a.Session(t.Context(), server.Asker{Token: k.tokens[login], Mode: catalog.Interface})
	if err != nil {
		t.Fatal(err)
	}
	s.Door, s.Client = "http", "10.0.0.9"
	answer, err := s.Grants(t.Context(), s, text)
	rows := answer.Rows
	for answer.More != nil {
		more := answer.More()
		if len(more) == 0 {
			break
		}
		rows = append(rows, more...)
	}
	return rows, err
}

func (k *kept) must(t *testing.T, a *App, login, text string) [][]string {
	t.Helper()
	rows, err := k.say(t, a, login, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return rows
}

// stored gives the grants that the store holds.
func (k *kept) stored(t *testing.T) []*catalog.Grant {
	t.Helper()
	state, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return state.Grants()
}

// asWritten compares grants but for what each one has of its own.
var asWritten = []cmp.Option{
	cmpopts.IgnoreFields(catalog.Grant{}, "ID"), cmpopts.EquateEmpty(),
	cmpopts.SortSlices(func(a, b string) bool { return a < b }), cmpopts.SortSlices(func(a, b catalog.Mode) bool { return a < b }),
}

// recent compares times of a beginning that nobody named.
var recent = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".From" }, cmp.Comparer(func(a, b time.Time) bool {
	return a.Equal(b) || time.Since(a) < time.Minute && time.Since(b) < time.Minute
}))

// waysToGrant are grants as SQL and as a file has them.
var waysToGrant = []struct{ sql, yaml string }{
	{`GRANT SELECT (xm, sfzh MASKED WITH id_no) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' WHERE qx = agency_district() UNTIL '2099-06-30'`,
		`{agency: 民政, items: {xm: clear, sfzh: masked id_no}, purposes: [DB-HC], modes: [interface], where: qx = agency_district(), until: 2099-06-30T00:00:00Z}`},
	{`grant select ("xm" masked with NAME, QX) on "公安"."人口" to principal wang for purpose 'DB-HC' in mode download, interface from '2026-01-02 03:04' hours '08:00-18:30'`,
		`{principal: wang, items: {xm: masked name, qx: clear}, purposes: [DB-HC], modes: [interface, download], from: 2026-01-02T03:04:00Z, hours: "08:00-18:30"}`},
	{`GRANT SELECT (qx) ON 公安.人口 TO AGENCY 和平民政 KEYS TO 民政, 公安 FOR PURPOSE 'DB-HC'`,
		`{agency: 和平民政, items: {qx: clear}, keys_to: [GA, MZ], purposes: [DB-HC], modes: [interface]}`},
	{`GRANT SELECT (xm MASKED WITH (left(xm, 1) || '*') AS text, sfzh TOKEN id_no) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'`,
		`{agency: 民政, items: {xm: "masked left(xm, 1) || '*' as text", sfzh: token id_no}, purposes: [DB-HC], modes: [interface]}`},
	{`GRANT SELECT (qx CLEAR) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' KEYS TO ANY`,
		`{agency: 民政, items: {qx: clear}, keys_to: ["*"], purposes: [DB-HC], modes: [interface]}`},
}

// A grant is the same, written as SQL and in a file, and giving it again adds nothing.
func TestStatementsEqualFiles(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	k.apply(t, "ga", "grants: {公安.人口: []}")
	for _, way := range waysToGrant {
		if rows := k.must(t, a, "ga", way.sql); len(rows) != 1 || rows[0][0] != "granted" {
			t.Errorf("%s: %q", way.sql, rows)
		}
		first := k.stored(t)
		if rows := k.must(t, a, "ga", way.sql); len(rows) != 1 || rows[0][0] != "unchanged" || rows[0][1] != first[0].ID {
			t.Errorf("again: %s: %q", way.sql, rows)
		}
		if changes := k.apply(t, "ga", "grants: {公安.人口: ["+way.yaml+"]}"); len(changes) != 0 {
			t.Errorf("the file changes %+v of %s", changes, way.sql)
		}
		k.apply(t, "ga", "grants: {公安.人口: []}")
		k.apply(t, "ga", "grants: {公安.人口: ["+way.yaml+"]}")
		if d := cmp.Diff(k.stored(t), first, append(asWritten, recent)...); d != "" || len(first) != 1 {
			t.Errorf("%s\n(-file +sql) %s", way.sql, d)
		}
		// What is shown is the statement that makes it.
		shown := k.must(t, a, "ga", "SHOW GRANTS ON 公安.人口")
		k.must(t, a, "ga", "REVOKE ON 公安.人口 FROM "+shown[0][2])
		if left := k.stored(t); len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
		k.must(t, a, "ga", shown[0][4])
		if d := cmp.Diff(k.stored(t), first, append(asWritten, recent)...); d != "" {
			t.Errorf("%s\n%s", shown[0][4], d)
		}
		k.apply(t, "ga", "grants: {公安.人口: []}")
	}
}

// Nobody but the leader of the providing agency grants, whatever else is named; and who
// may is told where the mistake is.
func TestStatementsRefused(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	const good = "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'"
	limited := k.token(t, "ga", &catalog.Token{Purposes: []string{"DB-HC"}})
	k.tokens["limited"] = limited
	k.token(t, "ga", &catalog.Token{})
	k.token(t, "wang", &catalog.Token{})
	k.apply(t, "secadmin", "principals: {mz.ld: {agency: 民政, roles: [leader]}, ga.bm: {agency: 公安, roles: [cataloguer]}, 'app-1': {agency: 民政, roles: [application]}}")
	k.token(t, "mz.ld", &catalog.Token{})
	k.token(t, "ga.bm", &catalog.Token{})
	for _, c := range []struct {
		login, text string
		want        errs.Code
		at          string // the place begins with this; empty for none
	}{
		{"wang", good, errs.Forbidden, ""},
		{"sysadmin", good, errs.Forbidden, ""},
		{"secadmin", good, errs.Forbidden, ""},
		{"bureau", good, errs.Forbidden, ""},
		{"mz.ld", good, errs.Forbidden, ""},
		{"ga.bm", good, errs.Forbidden, ""},
		{"limited", good, errs.Forbidden, ""},
		{"mz.ld", "GRANT SELECT (nosuch) ON 公安.nosuch TO AGENCY nosuch FOR PURPOSE 'NO'", errs.Forbidden, ""},
		{"mz.ld", "REVOKE ON 公安.人口 FROM AGENCY 民政", errs.Forbidden, ""},
		{"limited", "REVOKE ON 公安.人口 FROM AGENCY 民政", errs.Forbidden, ""},
		{"ga", "GRANT SELECT (xm) ON 公安.无 TO AGENCY 民政 FOR PURPOSE 'DB-HC'", errs.UnknownName, "公安.无"},
		{"ga", "GRANT SELECT (xm, nosuch) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'", errs.RequestInvalid, "nosuch"},
		{"ga", "GRANT SELECT (xm MASKED WITH nome) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'", errs.RequestInvalid, "xm"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 无 FOR PURPOSE 'DB-HC'", errs.RequestInvalid, "无"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO PRINCIPAL li FOR PURPOSE 'DB-HC'", errs.RequestInvalid, "li"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO APPLICATION wang FOR PURPOSE 'DB-HC'", errs.RequestInvalid, "wang"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC', 'NO'", errs.UnknownName, "'NO'"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' KEYS TO 无", errs.UnknownName, "无"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' WHERE renkou.qx = 'x'", errs.RequestInvalid, ".qx"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' HOURS '8-18'", errs.RequestInvalid, "'8-18'"},
		{"ga", "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' UNTIL '2001-01-01'", errs.RequestInvalid, ""},
		{"ga", "REVOKE SELECT (nosuch) ON 公安.人口 FROM AGENCY 民政", errs.RequestInvalid, "nosuch"},
		{"ga", "REVOKE ON 公安.人口 FROM AGENCY 民政 FOR PURPOSE 'NO'", errs.UnknownName, "'NO'"},
		{"ga", "REVOKE ON 公安.人口 FROM AGENCY 无", errs.RequestInvalid, "无"},
	} {
		before, err := k.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.say(t, a, c.login, c.text)
		e := errs.From(err)
		if e == nil || e.Code != c.want || (e.Pos != nil) != (c.at != "") || (e.Pos != nil && !strings.HasPrefix(c.text[e.Pos.Offset:], c.at)) {
			t.Errorf("%s: %s: %v, want %s at %q", c.login, c.text, err, c.want, c.at)
		}
		if after, err := k.Version(t.Context()); err != nil || after != before {
			t.Errorf("%s: %s left a change, %v", c.login, c.text, err)
		}
	}
	if rows := k.must(t, a, "ga", "GRANT SELECT (xm) ON 公安.人口 TO APPLICATION 'app-1' FOR PURPOSE 'DB-HC'"); len(rows) != 1 {
		t.Errorf("got %q", rows)
	}
}

// REVOKE takes back exactly what it names: other items, purposes and grantees keep what
// they have, with their filter, term and hours.
func TestRevokeIsExact(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	k.apply(t, "bureau", "purposes: {JC: {name: 稽查, basis: 办法}}")
	k.apply(t, "ga", "grants: {公安.人口: []}")
	const first = "{agency: 民政, items: {xm: masked name, qx: clear}, keys_to: ['*'], purposes: [DB-HC, JC], modes: [interface, download], where: qx = 'a', until: 2099-01-01T00:00:00Z, hours: '08:00-18:00'}"
	const wang = "{principal: wang, items: {xm: clear}, purposes: [DB-HC], modes: [interface]}"
	for _, c := range []struct{ name, revoke, left string }{
		{"everything", "REVOKE ON 公安.人口 FROM AGENCY 民政", wang},
		{"a purpose", "REVOKE SELECT ON 公安.人口 FROM AGENCY 民政 FOR PURPOSE 'JC'", strings.Replace(first, "DB-HC, JC", "DB-HC", 1) + "," + wang},
		{"an item", "REVOKE SELECT (XM) ON 公安.人口 FROM AGENCY 民政", strings.Replace(first, "xm: masked name, ", "", 1) + "," + wang},
		{"an item for a purpose", "REVOKE SELECT (xm) ON 公安.人口 FROM AGENCY 民政 FOR PURPOSE 'JC'",
			strings.Replace(first, "DB-HC, JC", "DB-HC", 1) + "," + strings.Replace(strings.Replace(first, "DB-HC, JC", "JC", 1), "xm: masked name, ", "", 1) + "," + wang},
		{"all items by name", "REVOKE SELECT (qx, xm) ON 公安.人口 FROM AGENCY 民政 FOR PURPOSE 'JC', 'DB-HC'", wang},
		{"an item that is not granted", "REVOKE SELECT (sfzh) ON 公安.人口 FROM AGENCY 民政", first + "," + wang},
		{"another agency's", "REVOKE ON 公安.人口 FROM AGENCY 和平民政", first + "," + wang},
		{"the person's", "REVOKE ON 公安.人口 FROM PRINCIPAL wang", first},
	} {
		k.apply(t, "ga", "grants: {公安.人口: ["+first+","+wang+"]}")
		k.must(t, a, "ga", c.revoke)
		if changes := k.apply(t, "ga", "grants: {公安.人口: ["+c.left+"]}"); len(changes) != 0 {
			t.Errorf("%s: left otherwise: %+v", c.name, changes)
		}
		k.apply(t, "ga", "grants: {公安.人口: []}")
	}
	if rows := k.must(t, a, "ga", "REVOKE ON 公安.人口 FROM AGENCY 民政"); len(rows) != 0 {
		t.Errorf("of nothing: %q", rows)
	}
}

// grantsEngine answers GRANT and the like alone.
type grantsEngine struct{ noEngine }

func (grantsEngine) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	if _, err := s.Grants(ctx, s, r.SQL); err != nil {
		return nil, err
	}
	return (&servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1})}).Query(ctx, s, r)
}

// A REVOKE that takes nothing back says so, once its answer is whole; every other statement
// has nothing to say.
func TestRevokeOfNothingWarns(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	a.engine = grantsEngine{}
	s, err := a.Session(t.Context(), server.Asker{Token: k.tokens["ga"], Mode: catalog.Interface})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text  string
		warns bool
	}{
		{"REVOKE ON 公安.人口 FROM AGENCY 和平民政", true},
		{"REVOKE SELECT (qx) ON 公安.人口 FROM AGENCY 民政", true},
		{"REVOKE SELECT (xm) ON 公安.人口 FROM AGENCY 民政", false},
		{"REVOKE ON 公安.人口 FROM AGENCY 民政", false},
		{"REVOKE ON 公安.人口 FROM AGENCY 民政", true},
		{"GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'", false},
		{"GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'", false},
		{"SHOW GRANTS", false},
	} {
		answer, err := a.Query(t.Context(), s, server.Request{SQL: c.text})
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		for answer.Stream.Next() {
			if w := answer.Stream.Warnings(); len(w) > 0 {
				t.Errorf("%s: %v before its end", c.text, w)
			}
		}
		warned := answer.Footer(0).Warnings
		answer.Stream.Release()
		if (len(warned) == 1) != c.warns || len(warned) > 1 {
			t.Errorf("%s: %v", c.text, warned)
		}
		for _, w := range warned {
			if w.Code != errs.NothingRevoked || w.Text("zh-CN") != "没有与该 REVOKE 相符的授权：未收回任何授权。" {
				t.Errorf("%s: %s %s", c.text, w.Code, w.Text("zh-CN"))
			}
		}
	}
	if _, err := a.Query(t.Context(), s, server.Request{SQL: "REVOKE ON 公安.人口 FROM AGENCY 无"}); errs.CodeOf(err) != errs.RequestInvalid {
		t.Error(err)
	}
}

// Who asks sees the grants that are theirs to decide or theirs to use, and of the
// latter neither the filter nor the masks. What is another's reads as not there.
func TestShowGrants(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	k.apply(t, "bureau", "purposes: {JC: {name: 稽查, basis: 办法}}")
	k.apply(t, "sysadmin", "sources: {mz: 民政}")
	k.apply(t, "secadmin", "principals: {mz: {agency: 民政, roles: [leader, cataloguer]}, ga.rev: {agency: 公安, roles: [reviewer]}, hp: {agency: 和平民政, roles: [analyst]}, li: {agency: 民政, roles: [analyst]}, ga.bm: {agency: 公安, roles: [cataloguer]}}")
	for _, login := range []string{"mz", "ga.rev", "hp", "li", "wang", "ga.bm"} {
		k.token(t, login, &catalog.Token{})
	}
	k.apply(t, "mz", "resources: {民政.低保: {class: restricted, source: mz, schema: main, table: dibao, items: {je: 金额}}}")
	k.apply(t, "ga", `grants: {公安.人口: [
		{agency: 民政, items: {xm: masked name, sfzh: clear}, purposes: [DB-HC], modes: [interface], where: "qx = 'SECRET'"},
		{principal: wang, items: {qx: clear}, purposes: [JC], modes: [download]}]}`)
	k.apply(t, "mz", "grants: {民政.低保: [{agency: 公安, items: {je: clear}, purposes: [DB-HC], modes: [interface], where: je > 7}]}")
	k.tokens["wang.jc"] = k.token(t, "wang", &catalog.Token{Purposes: []string{"JC"}})
	k.tokens["wang.interface"] = k.token(t, "wang", &catalog.Token{Modes: []catalog.Mode{catalog.Interface}})
	k.tokens["ga.limited"] = k.token(t, "ga", &catalog.Token{Purposes: []string{"DB-HC"}})
	k.token(t, "ga", &catalog.Token{})
	k.token(t, "wang", &catalog.Token{})
	const (
		toMZ    = "人口 AGENCY 民政"
		toWang  = "人口 PRINCIPAL wang"
		toGA    = "低保 AGENCY 公安"
		hidden  = " hidden"
		unknown = "unknown"
	)
	for _, c := range []struct{ login, text, want string }{
		{"ga", "SHOW GRANTS", toMZ + ", " + toWang + ", " + toGA + hidden},
		{"ga.bm", "SHOW GRANTS", toMZ + ", " + toWang + ", " + toGA + hidden},
		{"mz", "SHOW GRANTS", toMZ + hidden + ", " + toGA},
		{"wang", "SHOW GRANTS", toMZ + hidden + ", " + toWang},
		{"li", "SHOW GRANTS", toMZ + hidden},
		{"hp", "SHOW GRANTS", ""},
		{"ga.rev", "SHOW GRANTS", toGA + hidden},
		{"sysadmin", "SHOW GRANTS", ""},
		{"bureau", "SHOW GRANTS", toMZ + ", " + toWang + ", " + toGA},
		{"secadmin", "SHOW GRANTS", toMZ + ", " + toWang + ", " + toGA},
		{"auditor", "SHOW GRANTS", toMZ + ", " + toWang + ", " + toGA},
		{"wang.jc", "SHOW GRANTS", toWang},
		{"wang.interface", "SHOW GRANTS", toMZ + hidden},
		{"ga.limited", "SHOW GRANTS", toGA + hidden},
		{"ga", "SHOW GRANTS ON 公安.人口", toMZ + ", " + toWang},
		{"ga", "SHOW GRANTS TO PRINCIPAL wang", toWang},
		{"ga", "SHOW GRANTS ON 公安.人口 TO AGENCY 民政", toMZ},
		{"li", "SHOW GRANTS TO AGENCY 民政", toMZ + hidden},
		{"li", "SHOW GRANTS TO PRINCIPAL wang", unknown},
		{"li", "SHOW GRANTS TO PRINCIPAL nobody", unknown},
		{"li", "SHOW GRANTS TO AGENCY 和平民政", unknown},
		{"li", "SHOW GRANTS TO AGENCY nobody", unknown},
		{"li", "SHOW GRANTS ON 民政.低保", unknown},
		{"li", "SHOW GRANTS ON 民政.无", unknown},
		{"hp", "SHOW GRANTS ON 公安.人口", unknown},
		{"ga.limited", "SHOW GRANTS ON 公安.人口", unknown},
		{"wang", "SHOW GRANTS TO APPLICATION wang", unknown},
		{"mz", "SHOW GRANTS ON 民政.低保 TO AGENCY 民政", ""},
		{"ga", "SHOW GRANTS ON 公安.无", unknown},
	} {
		rows, err := k.say(t, a, c.login, c.text)
		var got []string
		for _, r := range rows {
			line := r[1][strings.Index(r[1], ".")+1:] + " " + r[2]
			if strings.Contains(r[4], "‹row filter›") {
				line += hidden
			}
			got = append(got, line)
			if strings.Contains(line, hidden) && (strings.Contains(r[4], "SECRET") || strings.Contains(r[4], "name") || strings.Contains(r[4], "> 7") || r[3] != "") {
				t.Errorf("%s: %s shows %q", c.login, c.text, r)
			}
		}
		text := strings.Join(got, ", ")
		if e := errs.From(err); e != nil {
			if text = string(e.Code); e.Code == errs.UnknownName && e.Pos != nil {
				text = unknown
			}
		}
		if text != c.want {
			t.Errorf("%s: %s: got %q, want %q", c.login, c.text, text, c.want)
		}
	}
}

// What ended, is withheld by now or comes from another's source is no longer shown to
// whom it was granted.
func TestShowGrantsOfNothing(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	k.token(t, "wang", &catalog.Token{})
	shown := func(login string) int { return len(k.must(t, a, login, "SHOW GRANTS")) }
	if n := shown("wang"); n != 2 {
		t.Fatalf("%d shown", n)
	}
	k.apply(t, "ga", "resources: {公安.人口: {class: withheld, source: ga, schema: main, table: renkou, items: {xm: 姓名, sfzh: 身份证号, qx: 区}}}")
	if mine, theirs := shown("wang"), shown("ga"); mine != 0 || theirs != 2 {
		t.Errorf("withheld: %d, %d", mine, theirs)
	}
	k.apply(t, "ga", "resources: {公安.人口: {class: restricted, source: ga, schema: main, table: renkou, items: {xm: 姓名, sfzh: 身份证号, qx: 区}}}")
	state, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	wang, _ := state.Login("wang")
	for _, g := range state.Grants() {
		ended := *g
		ended.Until = time.Now().Add(-time.Second)
		if before, after := state.SeesGrant(wang, g, time.Now()), state.SeesGrant(wang, &ended, time.Now()); before != catalog.Outline || after != catalog.Nothing {
			t.Errorf("before its end %v, after it %v", before, after)
		}
	}
	k.apply(t, "sysadmin", "sources: {ga: 民政}")
	if mine := shown("wang"); mine != 0 {
		t.Errorf("of another's source: %d", mine)
	}
}

// A grant whose table is not at its source opens nothing and says so to whom it is to decide
// about; of one whose source is away nothing is known.
func TestShowGrantsWithoutTheTable(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	k.token(t, "wang", &catalog.Token{})
	table := func(name string) *catalog.Table {
		t := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: name}}
		for _, c := range []string{"xm", "sfzh", "qx"} {
			t.Columns = append(t.Columns, catalog.Column{Name: c, Type: catalog.Type{Kind: catalog.Text}})
		}
		return t
	}
	for _, c := range []struct {
		name   string
		source policy.Described
		closed bool
	}{
		{"there", policy.Described{Source: "GA", Tables: []*catalog.Table{table("renkou")}}, false},
		{"another table", policy.Described{Source: "ga", Tables: []*catalog.Table{table("hukou")}}, true},
		{"nothing", policy.Described{Source: "ga"}, true},
		{"another source", policy.Described{Source: "mz", Tables: []*catalog.Table{table("renkou")}}, true},
		{"away", policy.Described{Source: "ga", Err: unreachable("ga")}, false},
	} {
		a.mu.Lock()
		a.sources = []*source{{described: c.source}}
		a.mu.Unlock()
		rows := k.must(t, a, "ga", "SHOW GRANTS ON 公安.人口")
		for _, r := range rows {
			if (r[5] != "") != c.closed || c.closed && r[5] != errs.New(errs.UnknownName, "policy_no_table", nil).Text() {
				t.Errorf("%s: closed %q", c.name, r[5])
			}
		}
		theirs := k.must(t, a, "wang", "SHOW GRANTS")
		for _, r := range theirs {
			if r[5] != "" {
				t.Errorf("%s: wang is told %q", c.name, r[5])
			}
		}
		if len(rows) != 2 || len(theirs) != 2 {
			t.Errorf("%s: %d and %d grants", c.name, len(rows), len(theirs))
		}
	}
}

// A mask that does not fit what the item is at the source is refused where it stands, and
// told with those that fit, by GRANT and by a file alike.
func TestMaskThatDoesNotFit(t *testing.T) {
	k := newKept(t)
	a := k.over(t)
	k.apply(t, "ga", "grants: {公安.人口: []}")
	kinds := map[string]catalog.Kind{"xm": catalog.Text, "sfzh": catalog.Int64, "qx": catalog.Date}
	table := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: "renkou"}}
	for _, name := range []string{"xm", "sfzh", "qx"} {
		table.Columns = append(table.Columns, catalog.Column{Name: name, Type: catalog.Type{Kind: kinds[name]}})
	}
	described := []policy.Described{{Source: "ga", Tables: []*catalog.Table{table}}}
	a.mu.Lock()
	a.sources = []*source{{described: described[0]}}
	a.mu.Unlock()
	k.check = func(ctx context.Context, s *catalog.State) document.Check {
		return func(g *catalog.Grant) error { return policy.ValidateGrant(ctx, s, described, g, nil) }
	}
	for _, c := range []struct{ sql, yaml, at, place, want string }{
		{"xm, sfzh MASKED WITH name", "{xm: clear, sfzh: masked name}", "sfzh MASKED", "f:1:50",
			"The mask name does not fit the item sfzh, whose type is BIGINT. Masks that fit it: null, or an expression."},
		{"xm MASKED WITH name, QX MASKED WITH phone", "{xm: masked name, QX: masked phone}", "QX MASKED", "f:1:56",
			"The mask phone does not fit the item qx, whose type is DATE. Masks that fit it: null, year, or an expression."},
		{"qx MASKED WITH year, xm MASKED WITH year", "{qx: masked year, xm: masked year}", "xm MASKED", "f:1:56",
			"The mask year does not fit the item xm, whose type is VARCHAR. Masks that fit it: address, id_no, name, null, phone, or an expression."},
		{"sfzh MASKED WITH null, xm MASKED WITH name, qx MASKED WITH year", "{sfzh: masked null, xm: masked name, qx: masked year}", "", "", ""},
	} {
		text := "GRANT SELECT (" + c.sql + ") ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC'"
		_, err := k.say(t, a, "ga", text)
		e := errs.From(err)
		if (e != nil) != (c.at != "") || e != nil && (e.Pos == nil || !strings.HasPrefix(text[e.Pos.Offset:], c.at) || e.Text("en") != c.want) {
			t.Errorf("%s: %v at %+v", c.sql, err, e)
		}
		doc, bad := document.Parse("f", []byte("grants: {公安.人口: [{agency: 民政, items: "+c.yaml+", purposes: [DB-HC], modes: [download]}]}"))
		if bad != nil {
			t.Fatal(bad)
		}
		_, err = k.Apply(t.Context(), k.tokens["ga"], doc, true)
		if (err != nil) != (c.place != "") || err != nil && !strings.HasPrefix(err.Error(), c.place+": ") {
			t.Errorf("%s: %v", c.yaml, err)
		}
	}
}

// A change that comes in between is decided over again: nothing of it is lost, and what
// it took away is not given back.
func TestChangesInBetween(t *testing.T) {
	k := newKept(t)
	tries := 0
	deciding := func(what func(*catalog.State) ([]document.Change, error)) catalogapi.Decide {
		return func(s *catalog.State, _ *catalog.Principal) (func(*store.Tx) error, error) {
			tries++
			changes, err := what(s)
			return func(tx *store.Tx) error { return document.Apply(tx, changes) }, err
		}
	}
	by := func(between func(), what func(*catalog.State) ([]document.Change, error)) error {
		tries = 0
		_, err := k.keep(t.Context(), byToken(k.tokens["ga"]), nil, deciding(func(s *catalog.State) ([]document.Change, error) {
			changes, err := what(s)
			if tries == 1 {
				between()
			}
			return changes, err
		}))
		return err
	}
	item := "xm"
	give := func(s *catalog.State) ([]document.Change, error) {
		changes, _, err := document.Granting(s, "公安.人口", document.Grant{Agency: "和平民政", Items: map[string]string{item: "clear"}, Purposes: []string{"DB-HC"}, Modes: []string{"interface"}})
		return changes, err
	}
	if err := by(func() { k.apply(t, "bureau", "purposes: {JC: {name: 稽查, basis: 办法}}") }, give); err != nil || tries != 2 || len(k.stored(t)) != 3 {
		t.Errorf("%v after %d tries: %d", err, tries, len(k.stored(t)))
	}
	item = "sfzh"
	if err := by(func() { k.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [leader], disabled: true}}") }, give); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("who was shut out grants: %v", err)
	}
	k.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [leader]}}")
	n := 0
	err := by(func() {}, func(s *catalog.State) ([]document.Change, error) {
		n++
		k.apply(t, "bureau", fmt.Sprintf("purposes: {JC: {name: 稽查, basis: '%d'}}", n))
		return give(s)
	})
	if errs.CodeOf(err) != errs.Conflict || n != keepTries {
		t.Errorf("%v after %d", err, n)
	}
	// A context that ends is no change.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.keep(ctx, byToken(k.tokens["ga"]), nil, deciding(give)); !errors.Is(err, context.Canceled) && errs.CodeOf(err) != errs.Canceled {
		t.Error(err)
	}
}
