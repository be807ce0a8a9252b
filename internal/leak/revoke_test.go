package leak

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// endless reads a resource for longer than any test runs.
const endless = "SELECT a.id, r.i FROM 公安.等于zfw a, range(10000000) r(i), range(1000) s(k)"

// A change ends a statement that runs: whatever ends the leave to read.
func TestRevokeEndsWhatRuns(t *testing.T) {
	revokes := map[string]func(w *world){
		"the grant": func(w *world) { w.apply(t, "ga", "grants: {公安.等于zfw: []}") },
		"the principal": func(w *world) {
			w.apply(t, "secadmin", "principals: {wang: {agency: 民政, roles: [analyst], disabled: true, attributes: {district: 和平区}}}")
		},
		"an attribute": func(w *world) {
			w.apply(t, "secadmin", "principals: {wang: {agency: 民政, roles: [analyst], attributes: {district: 沈河区}}}")
		},
		"the token": func(w *world) {
			state, err := w.store.Load(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			k, _, _ := state.Bearer(store.Hash(w.token), time.Now())
			if err := w.store.Change(t.Context(), w.ids["secadmin"], func(tx *store.Tx) error { return tx.RevokeToken(k.ID) }); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, revoke := range revokes {
		w := newWorld(t, "one", false)
		ctx, end := context.WithCancel(t.Context())
		r, err := w.request(ctx, w.token, endless, "DB-HC", "application/x-ndjson")
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %d %v", name, res.StatusCode, err)
		}
		began := time.Now()
		revoke(w)
		limit := time.AfterFunc(10*inForceWithin, end)
		tail := &last{limit: 4096}
		_, err = io.Copy(tail, res.Body)
		limit.Stop()
		_ = res.Body.Close()
		end()
		took := time.Since(began)
		t.Logf("%s: %v until the answer's end", name, took)
		if err != nil {
			t.Fatalf("%s: after %v, %v", name, took, err)
		}
		if text := tail.String(); !strings.Contains(text, `"error"`) || (!strings.Contains(text, "revoked") && !strings.Contains(text, "unauthenticated")) {
			t.Errorf("%s: the answer ends with %q", name, text)
		}
		if got := w.ask(t, "SELECT id FROM 公安.等于zfw", "DB-HC"); strings.HasPrefix(got, "200 ") && name != "an attribute" {
			t.Errorf("%s: the next statement: %s", name, got)
		}
	}
}

// A statement that gives no rows for a long time is ended too.
func TestRevokeEndsWhatGivesNoRows(t *testing.T) {
	w := newWorld(t, "one", false)
	got := make(chan string, 1)
	ran := safego.Run(func() error {
		got <- w.ask(t, "SELECT count(*) FROM 公安.等于zfw a, range(10000000) r(i), range(1000) s(k) WHERE hash(a.id + r.i + s.k) % 1000000007 = 5", "DB-HC")
		return nil
	})
	waitfor.True(t, time.Second, "the start in the log", func() bool {
		files, err := filepath.Glob(filepath.Join(w.dir, "lianji-audit", "*.jsonl"))
		if err != nil || len(files) == 0 {
			return false
		}
		data, err := os.ReadFile(files[0])
		return err == nil && strings.Contains(string(data), `"kind":"start"`)
	})
	began := time.Now()
	w.apply(t, "ga", "grants: {公安.等于zfw: []}")
	waitfor.True(t, time.Second, "the statement's end", func() bool { return len(got) == 1 })
	t.Logf("%v until the answer", time.Since(began))
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	if text := <-got; !strings.HasPrefix(text, "403 ") || !strings.Contains(text, `"revoked"`) {
		t.Errorf("the answer is %s", text)
	}
}

// What a source says of a value is not told: the value may be one that is hidden.
func TestSourcesWordsAreNotTold(t *testing.T) {
	w := newWorld(t, "one", false)
	conn, err := sqlite.OpenConn(filepath.Join(w.dir, "wj.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteScript(conn, "UPDATE renkou SET gz = 'SECRET', qx = x'00' WHERE id = 100; UPDATE renkou SET nl = 'SECRET' WHERE id = 101", nil)
	if e := conn.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, shape := range shapes {
		for _, sql := range []string{"SELECT * FROM #t", "SELECT sum(gz) FROM #t", "SELECT id FROM #t ORDER BY nl"} {
			got := w.ask(t, strings.ReplaceAll(sql, "#t", "公安."+shape+"wj"), "DB-HC")
			for _, word := range []string{"renkou", "gz", "qx", "nl", "SECRET", "TEXT", "column"} {
				if !strings.HasPrefix(got, "200 ") && strings.Contains(got, word) {
					t.Errorf("%s over %s tells %s: %s", sql, shape, word, got)
				}
			}
		}
	}
}

// Every statement has its record: who, what for, which items by which grants, and
// never a value of the text.
func TestAuditOfStatements(t *testing.T) {
	w := newWorld(t, "one", false)
	w.ask(t, "SELECT xm, nl FROM 公安.等于zfw WHERE sfzh = 'LITERAL-7' OR gz > 98765.4", "DB-HC")
	w.ask(t, "SELECT mm FROM 公安.等于zfw", "DB-HC")
	w.ask(t, "SELECT CAST(sfzh AS INTEGER) FROM 公安.等于wj", "DB-HC")
	w.ask(t, "SELECT 1 FROM 公安.等于zfw", "JC")
	var text string
	files, err := filepath.Glob(filepath.Join(w.dir, "lianji-audit", "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	read := func() string {
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	waitfor.True(t, time.Second, "two ends in the log", func() bool { text = read(); return strings.Count(text, `"kind":"end"`) == 2 })
	for _, secret := range []string{"LITERAL-7", "98765", "HIDDEN", "SECRET"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	for what, n := range map[string]int{
		`"kind":"start"`: 2, `"kind":"refused"`: 2, `"kind":"end"`: 2, `"code":"unknown_name"`: 2, `"outcome":"failed","code":"data_error"`: 1,
		`"outcome":"done","rows":0`: 1, `"principal":"wang","agency":"MZ","client":"127.0.0.1","door":"http","purpose":"DB-HC","mode":"interface"`: 3,
		`"purpose":"JC"`: 1, `"policy":[{"resource":"公安.等于zfw","items":["qx"]}]`: 1,
	} {
		if got := strings.Count(text, what); got != n {
			t.Errorf("%d times %s, want %d", got, what, n)
		}
	}
	for kind, items := range map[string][]string{"returned": {"xm", "nl"}, "compared": {"sfzh", "gz"}} {
		_, list, _ := strings.Cut(text, `"`+kind+`":[{"resource":"公安.等于zfw","items":[`)
		list, _, _ = strings.Cut(list, "]")
		for _, item := range items {
			if !strings.Contains(list, `"`+item+`"`) {
				t.Errorf("%s is not among the items %s that are %s", item, list, kind)
			}
		}
	}
}
