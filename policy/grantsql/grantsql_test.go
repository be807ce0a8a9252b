package grantsql

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/document"
)

var shanghai = time.FixedZone("+08", 8*3600)

func parse(t *testing.T, text string) *Statement {
	t.Helper()
	s, err := Parse(text, shanghai)
	if err != nil {
		t.Fatalf("%s\n%v %+v", text, err, errs.From(err).Pos)
	}
	return s
}

// What a statement says, with each clause in it.
func TestGrant(t *testing.T) {
	s := parse(t, `GRANT SELECT (xm, "出生 日期" MASKED WITH Year, sfzh masked with id_no, dz MASKED WITH ( left(dz, 3) || '(' ) AS Text, phone TOKEN Mobile, "a""b" token, qx CLEAR)
		ON 公安."人口.表" TO AGENCY 民政 FOR PURPOSE 'DB-HC', 'X' IN MODE interface, Download
		WHERE (qx = agency_district() OR until = 'a' ) AND x IS NOT DISTINCT FROM 'b'
		FROM '2026-12-01 08:30' UNTIL '2027-06-30' HOURS '08:00-18:00' KEYS TO 民政, "卫健" QUOTA 1000 ROWS, 20 QUERIES`)
	want := document.Grant{
		Items:    map[string]string{"xm": "clear", "出生 日期": "masked year", "sfzh": "masked id_no", "dz": "masked left(dz, 3) || '(' as text", "phone": "token mobile", `a"b`: "token", "qx": "clear"},
		KeysTo:   []string{"民政", "卫健"},
		Purposes: []string{"DB-HC", "X"}, Modes: []string{"interface", "download"},
		Where: `(qx = agency_district() OR until = 'a' ) AND x IS NOT DISTINCT FROM 'b'`,
		From:  "2026-12-01T00:30:00Z", Until: "2027-06-29T16:00:00Z", Hours: "08:00-18:00",
		Quota: document.Quota{Rows: 1000, Queries: 20},
	}
	if d := cmp.Diff(want, s.Grant); d != "" {
		t.Error(d)
	}
	if s.Kind != Grant || s.Resource != "公安.人口.表" || s.Grantee != (Grantee{"AGENCY", "民政"}) {
		t.Errorf("got %+v", s)
	}
	// Clauses stand in any order; a mode that is not said is interface.
	s = parse(t, `grant select (xm) on a.b to principal zhang.san until '2027-06-30T00:00:00Z' keys to any where qx = 'x' for purpose 'P'`)
	want = document.Grant{Items: map[string]string{"xm": "clear"}, KeysTo: []string{"*"}, Purposes: []string{"P"}, Modes: []string{"interface"}, Where: "qx = 'x'", Until: "2027-06-30T00:00:00Z"}
	if d := cmp.Diff(want, s.Grant); d != "" || s.Grantee != (Grantee{"PRINCIPAL", "zhang.san"}) {
		t.Error(d, s.Grantee)
	}
	if s := parse(t, `GRANT SELECT (a) ON a.b TO APPLICATION 'zhang-san' FOR PURPOSE 'P'`); s.Grantee != (Grantee{"APPLICATION", "zhang-san"}) {
		t.Error(s.Grantee)
	}
}

func TestRevokeAndShow(t *testing.T) {
	for text, want := range map[string]Statement{
		`REVOKE ON a.b FROM AGENCY c`:                                 {Kind: Revoke, Resource: "a.b", Grantee: Grantee{"AGENCY", "c"}},
		`REVOKE SELECT ON a.b FROM PRINCIPAL "x.y"`:                   {Kind: Revoke, Resource: "a.b", Grantee: Grantee{"PRINCIPAL", "x.y"}},
		`REVOKE SELECT (x, "Y") ON a.b FROM AGENCY c FOR PURPOSE 'P'`: {Kind: Revoke, Resource: "a.b", Grantee: Grantee{"AGENCY", "c"}, Items: []string{"x", "Y"}, Purposes: []string{"P"}},
		`SHOW GRANTS`:                                 {Kind: Show},
		`show grants on 公安.人口`:                        {Kind: Show, Resource: "公安.人口"},
		`SHOW GRANTS TO APPLICATION app1`:             {Kind: Show, Grantee: Grantee{"APPLICATION", "app1"}},
		`SHOW GRANTS ON "a"."b c" TO AGENCY "select"`: {Kind: Show, Resource: "a.b c", Grantee: Grantee{"AGENCY", "select"}},
	} {
		got := parse(t, text)
		if d := cmp.Diff(want, Statement{Kind: got.Kind, Resource: got.Resource, Grantee: got.Grantee, Items: got.Items, Purposes: got.Purposes}, cmp.AllowUnexported(Statement{})); d != "" {
			t.Errorf("%s\n%s", text, d)
		}
	}
}

// A mistake is told with its place: the caret stands where ^ is in the text here.
func TestMistakes(t *testing.T) {
	for text, id := range map[string]string{
		`^SELECT 1`: "grants_wants",
		`GRANT ^INSERT (a) ON a.b TO AGENCY c FOR PURPOSE 'P'`:                           "grants_wants",
		`GRANT SELECT ^ON a.b TO AGENCY c FOR PURPOSE 'P'`:                               "grants_wants",
		`GRANT SELECT (^*) ON a.b TO AGENCY c FOR PURPOSE 'P'`:                           "grants_wants",
		`GRANT SELECT (a, ^A) ON a.b TO AGENCY c FOR PURPOSE 'P'`:                        "grants_twice",
		`GRANT SELECT (a ^b) ON a.b TO AGENCY c FOR PURPOSE 'P'`:                         "grants_wants",
		`GRANT SELECT (a MASKED ^id_no) ON a.b TO AGENCY c FOR PURPOSE 'P'`:              "grants_wants",
		`GRANT SELECT (a MASKED WITH ^() AS text) ON a.b TO AGENCY c FOR PURPOSE 'P'`:    "grants_wants",
		`GRANT SELECT (a MASKED WITH (b)^) ON a.b TO AGENCY c FOR PURPOSE 'P'`:           "grants_wants",
		`GRANT SELECT (a MASKED WITH (b) AS ^'text') ON a.b TO AGENCY c FOR PURPOSE 'P'`: "grants_wants",
		`GRANT SELECT (a MASKED WITH (b AS text ON a.b TO AGENCY c FOR PURPOSE 'P'^`:     "grants_wants",
		`GRANT SELECT (^) ON a.b TO AGENCY c FOR PURPOSE 'P'`:                            "grants_wants",
		`GRANT SELECT (a) ON b ^TO AGENCY c FOR PURPOSE 'P'`:                             "grants_wants",
		`GRANT SELECT (a) ON ^"x.y".b TO AGENCY c FOR PURPOSE 'P'`:                       "grants_wants",
		`GRANT SELECT (a) ON a.b TO ^c FOR PURPOSE 'P'`:                                  "grants_wants",
		`GRANT SELECT (a) ON a.b TO PRINCIPAL ^zhang-san FOR PURPOSE 'P'`:                "grants_login_quotes",
		`GRANT SELECT (a) ON a.b TO AGENCY c^`:                                           "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR ^'P'`:                                   "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE ^'p'`:                           "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P', ^'P'`:                      "grants_twice",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' ^FOR PURPOSE 'Q'`:           "grants_twice",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' IN MODE ^paper`:             "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' IN MODE online, ^online`:    "grants_twice",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' UNTIL ^2027`:                "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' UNTIL ^'tomorrow'`:          "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' UNTIL ^'2027-02-30'`:        "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' KEYS ^ANY`:                  "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' KEYS TO ^"*"`:               "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' QUOTA 0 ROWS`:               "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' QUOTA 5 ^APPLES`:            "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' QUOTA 5 ROWS, 6 ^ROWS`:      "grants_twice",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE^`:                     "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE ^UNTIL '2027-01-01'`:  "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE (x = 1^`:              "grants_wants",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE x = 1^)`:              "grants_parentheses",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE x = 1 ^-- c`:          "grants_unreadable",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE x = ^'a`:              "grants_unreadable",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE x = ^１`:               "grants_unreadable",
		`GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE x = 1^; DROP`:         "grants_too_much",
		`REVOKE SELECT (a) ON a.b ^TO AGENCY c`:                                          "grants_wants",
		`REVOKE SELECT (a, ^a) ON a.b FROM AGENCY c`:                                     "grants_twice",
		`REVOKE ON a.b FROM AGENCY c ^UNTIL '2027-01-01'`:                                "grants_too_much",
		`REVOKE ON a.b FROM AGENCY c FOR ^GOOD`:                                          "grants_wants",
		`SHOW GRANTS ^FROM a`:                                                            "grants_too_much",
		`SHOW GRANTS TO ^a`:                                                              "grants_wants",
	} {
		at := strings.Index(text, "^")
		_, err := Parse(strings.Replace(text, "^", "", 1), shanghai)
		e := errs.From(err)
		switch {
		case err == nil:
			t.Errorf("%s was taken", text)
		case e.ID != id:
			t.Errorf("%s: %s %v, want %s", text, e.ID, err, id)
		case e.Pos == nil || (at >= 0 && e.Pos.Offset != at):
			t.Errorf("%s: %v at %+v, want %d", text, err, e.Pos, at)
		}
	}
	if _, err := Parse("GRANT "+strings.Repeat("a", maxStatement), shanghai); errs.CodeOf(err) != errs.StatementTooComplex {
		t.Error(err)
	}
}

// A grant that is written is read as the same one.
func TestWrite(t *testing.T) {
	for _, text := range []string{
		`GRANT SELECT ("a""b", dz MASKED WITH (CAST(dz as text) || ')') AS text, sfzh MASKED WITH id_no, xm TOKEN name) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'A', 'B' IN MODE interface, online WHERE qx = 'it''s' FROM '2026-01-02 03:04' UNTIL '2027-06-30' HOURS '08:00-18:00' KEYS TO ANY QUOTA 5 ROWS, 6 QUERIES`,
		`GRANT SELECT (x) ON a."b c" TO PRINCIPAL "zhang-san" FOR PURPOSE 'A' IN MODE interface UNTIL '2027-06-30T01:02:03.5+08:00' KEYS TO a, "b c", "Any"`,
	} {
		s := parse(t, text)
		g := s.Grant
		if s.Grantee.Kind == "AGENCY" {
			g.Agency = s.Grantee.Name
		} else {
			g.Principal = s.Grantee.Name
		}
		if got := Write(s.Resource, g, shanghai); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
	// A filter that holds what looks like a clause is put into parentheses.
	g := document.Grant{Agency: "c", Items: map[string]string{"x": "clear"}, Purposes: []string{"P"}, Modes: []string{"interface"}, Where: "x = y IN mode"}
	if s := parse(t, Write("a.b", g, shanghai)); s.Grant.Where != "(x = y IN mode)" {
		t.Errorf("got %q", s.Grant.Where)
	}
}

// Whatever the text, it is read or refused with a place in it; and what is read means
// the same when it is written.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"GRANT SELECT (xm, sfzh MASKED WITH id_no, phone TOKEN mobile, d MASKED WITH (left(d, 1)) AS text) ON a.b TO AGENCY c FOR PURPOSE 'P' IN MODE online WHERE x IS DISTINCT FROM 'a' UNTIL '2027-01-01' KEYS TO ANY QUOTA 1 ROWS",
		"REVOKE SELECT (a) ON a.b FROM PRINCIPAL x.y FOR PURPOSE 'P', 'Q'", "SHOW GRANTS ON a.b TO APPLICATION 'x'", "GRANT SELECT (\"", "GRANT SELECT (a) ON a.b TO AGENCY c FOR PURPOSE 'P' WHERE ((", "١", "grant１",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, shanghai)
		if err != nil {
			e := errs.From(err)
			if e.Code == errs.Internal || e.Pos == nil && e.Code != errs.StatementTooComplex {
				t.Fatalf("%q: %v", text, e)
			}
			if e.Pos != nil && (e.Pos.Offset < 0 || e.Pos.Offset > len(text)) {
				t.Fatalf("%q: outside: %+v", text, e.Pos)
			}
			return
		}
		if s.Kind != Grant {
			return
		}
		g := s.Grant
		g.Agency, g.Principal = s.Grantee.Name, ""
		if s.Grantee.Kind != toAgency {
			g.Agency, g.Principal = "", s.Grantee.Name
		}
		again, err := Parse(Write(s.Resource, g, shanghai), shanghai)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, Write(s.Resource, g, shanghai), err)
		}
		if d := cmp.Diff(s.Grant, again.Grant); d != "" || again.Resource != s.Resource || again.Grantee.Name != s.Grantee.Name {
			t.Fatalf("%q: %s", text, d)
		}
	})
}
