package leak

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/waitfor"
)

// modal asks in a mode.
func (w *world) modal(t *testing.T, token, sql, purpose, mode string) string {
	t.Helper()
	r, err := w.request(t.Context(), token, sql, purpose, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"sql": %q, "purpose": %q, "mode": %q}`, sql, purpose, mode)
	if purpose == "" {
		body = fmt.Sprintf(`{"sql": %q, "mode": %q}`, sql, mode)
	}
	if token == "" {
		r.Header.Del("Authorization")
	}
	return w.answered(t, r, body)
}

// limited makes a token of wang's.
func (w *world) limited(t *testing.T, k catalog.Token) (token string) {
	t.Helper()
	k.Principal = w.ids["wang"]
	err := w.store.Change(t.Context(), w.ids["secadmin"], func(tx *store.Tx) (err error) { token, err = tx.Token(&k); return err })
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Nothing opens but what is granted to whoever asks, for the purpose, in the mode, by
// the role, the token and the time.
func TestNothingElseOpens(t *testing.T) {
	w := newWorld(t, "one", false)
	w.apply(t, "bureau", "agencies: {教育: {code: JY, level: city}}")
	w.apply(t, "secadmin", `principals:
  bian: {agency: 民政, roles: [cataloguer]}
  zhao: {agency: 教育, roles: [analyst]}
  mz.app: {agency: 民政, service: true, roles: [application]}`)
	hour := time.Now().Add(time.Hour)
	tokens := map[string]string{
		"wang": w.token, "bian": w.tokenFor(t, "bian"), "zhao": w.tokenFor(t, "zhao"), "mz.app": w.tokenFor(t, "mz.app"), "leader": w.tokenFor(t, "ga"),
		"of another purpose": w.limited(t, catalog.Token{Expires: hour, Purposes: []string{"JC"}}),
		"of its purpose":     w.limited(t, catalog.Token{Expires: hour, Purposes: []string{"DB-HC"}}),
		"of another mode":    w.limited(t, catalog.Token{Expires: hour, Modes: []catalog.Mode{catalog.Download}}),
		"nobody's":           "lianji_nobody", "none": "",
	}
	w.inForce(t)
	const text = "SELECT count(*) AS n FROM 公安.等于wj"
	for _, c := range []struct{ token, purpose, mode, sql, want string }{
		{"wang", "DB-HC", "interface", text, `"4"`}, {"mz.app", "DB-HC", "interface", text, `"0"`}, {"of its purpose", "DB-HC", "interface", text, `"4"`},
		{"wang", "JC", "interface", text, "unknown_name"}, {"wang", "", "interface", text, "unknown_name"}, {"wang", "DB-HC", "download", text, "unknown_name"},
		{"wang", "NOSUCH", "interface", text, "parameter_invalid"}, {"bian", "DB-HC", "interface", text, "unknown_name"}, {"zhao", "DB-HC", "interface", text, "unknown_name"},
		{"leader", "DB-HC", "interface", text, "unknown_name"}, {"of another purpose", "DB-HC", "interface", text, "parameter_invalid"},
		{"of another mode", "DB-HC", "interface", text, "forbidden"}, {"nobody's", "DB-HC", "interface", text, "unauthenticated"}, {"none", "DB-HC", "interface", text, "unauthenticated"},
	} {
		if got := w.modal(t, tokens[c.token], c.sql, c.purpose, c.mode); !strings.Contains(got, c.want) {
			t.Errorf("%s for %q in %s: %s\n%s, want %s", c.token, c.purpose, c.mode, c.sql, got, c.want)
		}
	}
	w.endsClose(t, text)
}

// endsClose looks at a token and a grant with an end: they open until then, and not after it.
func (w *world) endsClose(t *testing.T, text string) {
	t.Helper()
	const ending = "SELECT count(*) AS n FROM 公安.基本wj"
	// A machine may be too busy to ask before the end: then it is asked again with more time.
	for lasts := time.Second; ; lasts *= 2 {
		soon := time.Now().Add(lasts)
		token := w.limited(t, catalog.Token{Expires: soon})
		if err := w.tryApply(t, "ga", fmt.Sprintf("grants: {公安.基本wj: [{agency: 民政, items: {id: clear}, purposes: [DB-HC], modes: [interface], until: %q}]}", soon.Format(time.RFC3339Nano))); err != nil && time.Now().Before(soon) {
			t.Fatal(err)
		}
		w.inForce(t)
		byToken, byGrant := w.asks(t, token, text, "DB-HC"), w.ask(t, ending, "DB-HC")
		if late := !time.Now().Before(soon); late && lasts < time.Minute {
			continue
		}
		if !strings.Contains(byToken, `"4"`) {
			t.Errorf("with a token that ends soon: %s", byToken)
		}
		if !strings.Contains(byGrant, `"3"`) {
			t.Errorf("by a grant that ends soon: %s", byGrant)
		}
		<-time.After(time.Until(soon))
		if got := w.asks(t, token, text, "DB-HC"); !strings.Contains(got, "unauthenticated") {
			t.Errorf("with a token that has ended: %s", got)
		}
		if got := w.ask(t, ending, "DB-HC"); !strings.Contains(got, "unknown_name") {
			t.Errorf("by a grant that has ended: %s", got)
		}
		return
	}
}

// What was granted closes when the resource is withheld, when its source becomes
// another agency's, and when its policy could fail on a row.
func TestGrantsClose(t *testing.T) {
	w := newWorld(t, "one", false)
	const resource = "{class: %s, source: wj, schema: main, table: renkou, items: {id: '', xm: '', sfzh: '', qx: '', nl: '', gz: ''}}"
	open := func(what string, want bool) {
		t.Helper()
		w.inForce(t)
		for _, sql := range []string{"SELECT count(*) FROM 公安.等于wj", "DESCRIBE 公安.等于wj"} {
			got := w.ask(t, sql, "DB-HC")
			if strings.HasPrefix(got, "200 ") != want || !want && !strings.Contains(got, "unknown_name") {
				t.Errorf("%s: %s: %s", what, sql, got)
			}
		}
	}
	open("at first", true)
	w.apply(t, "ga", "resources: {公安.等于wj: "+fmt.Sprintf(resource, "withheld")+"}")
	open("withheld", false)
	w.apply(t, "ga", "resources: {公安.等于wj: "+fmt.Sprintf(resource, "restricted")+"}")
	open("shared again", true)
	w.apply(t, "sysadmin", "sources: {wj: 民政}")
	open("of a source of another agency", false)
	w.apply(t, "sysadmin", "sources: {wj: 公安}")
	open("of its own source", true)
	refused := 0
	for _, filter := range []string{
		"CAST(sfzh AS BIGINT) > 0", "1 // nl > 0", "chr(nl) = 'a'", "nl + 1 > 0", "regexp_matches(xm, sfzh)", "repeat(xm, nl) = ''", "substring(xm, nl, 1) = ''",
		"random() < 2", "EXISTS (SELECT 1 FROM 公安.等于wj x WHERE x.id = 1)", "(SELECT count(*) FROM 公安.等于wj) > 0", "current_setting('threads') IS NOT NULL", "mm IS NULL OR nosuch = 1",
		"EXISTS (VALUES (1))", "nl IN (VALUES (36), (41))", "nl = (VALUES (nl))",
	} {
		text := "grants: {公安.等于wj: [{agency: 民政, items: {id: clear, nl: clear}, purposes: [DB-HC], modes: [interface], where: %q}]}"
		if err := w.tryApply(t, "ga", fmt.Sprintf(text, filter)); err != nil {
			refused++ // when it is saved already; a store may hold it nevertheless
			w.overwrite(t, "等于wj", "row_filter = "+quoted(filter))
		}
		open(filter, false)
	}
	t.Logf("%d row filters were refused when they were saved", refused)
	// A mask is for one row, and knows nothing of others.
	for _, mask := range []string{"max(xm) OVER ()", "first_value(xm) OVER (ORDER BY id)", "unnest([xm])", "(VALUES (xm))", "chr(nl)"} {
		w.apply(t, "ga", "grants: {公安.等于wj: [{agency: 民政, items: {id: clear, xm: masked upper(xm) as text}, purposes: [DB-HC], modes: [interface]}]}")
		w.overwrite(t, "等于wj", "items = replace(items, 'upper(xm)', "+quoted(mask)+")")
		open(mask, false)
	}
	w.apply(t, "ga", "grants: {公安.等于wj: [{agency: 民政, items: {id: clear}, purposes: [DB-HC], modes: [interface], where: \"qx = '和平区'\"}]}")
	open("with a filter that cannot fail", true)
}

// overwrite sets something of the grants on a resource past all that looks at what is
// saved, as an older program may have saved it.
func (p *place) overwrite(t *testing.T, resource, set string) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(p.dir, "c.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	of := "revoked = 0 AND resource IN (SELECT id FROM resource WHERE name = " + quoted(resource) + ")"
	err = sqlitex.ExecuteScript(conn, "UPDATE state SET version = version + 1; UPDATE grants SET "+set+" WHERE "+of+
		"; INSERT INTO change (version, kind, object) SELECT state.version, 'grant', id FROM grants, state WHERE "+of, nil)
	if err = errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// A gateway that cannot ask its store refuses after some seconds: what cannot be known
// to be granted is not.
func TestWithoutTheStoreNothingOpens(t *testing.T) {
	w := newWorld(t, "one", false)
	const text = "SELECT count(*) FROM 公安.等于wj"
	if got := w.ask(t, text, "DB-HC"); !strings.HasPrefix(got, "200 ") {
		t.Fatal(got)
	}
	for _, name := range []string{"c.db", "c.db-wal", "c.db-shm"} {
		if err := os.Rename(filepath.Join(w.dir, name), filepath.Join(w.dir, "gone."+name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	waitfor.True(t, 6*time.Second, "the gateway to refuse", func() bool { return strings.Contains(w.ask(t, text, "DB-HC"), "store_failed") })
}

// The limits of a statement are refused as such, before anything is bound.
func TestLimits(t *testing.T) {
	w := newWorld(t, "one", false)
	all := attacks()
	for _, name := range []string{"too long", "too deep", "too many tables", "too wide", "too many conditions", "too many constants", "a tower of CTEs"} {
		sql := strings.ReplaceAll(all[name], "#t", "公安.等于wj")
		if got := w.ask(t, sql, "DB-HC"); !strings.Contains(got, "statement_too_complex") {
			t.Errorf("%s: %.300s", name, got)
		}
	}
	// Beside each other, so that they are not too deep.
	many := "SELECT " + strings.Repeat("(SELECT max(id) FROM 公安.等于wj), ", 256) + "id FROM 公安.等于wj"
	if got := w.ask(t, many, "DB-HC"); !strings.Contains(got, "more than 256 tables") {
		t.Errorf("257 tables: %.300s", got)
	}
	for _, name := range []string{"two statements", "three statements"} {
		if got := w.ask(t, strings.ReplaceAll(all[name], "#t", "公安.等于wj"), "DB-HC"); !strings.Contains(got, "one_statement") {
			t.Errorf("%s: %.300s", name, got)
		}
	}
}
