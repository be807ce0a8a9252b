package pgcatalog

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// peak gives the most memory that this process had since the call before, in MiB.
func peak(t *testing.T) (mib int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Sscan(rest, &mib)
		}
	}
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	return mib >> 10
}

// Statements that take time or memory without end are ended, take nothing of this process,
// and the next statement is answered as ever.
func TestEndlessStatements(t *testing.T) {
	c := open(t)
	grown := "x||x||x||x||x||x||x||x"
	long := strings.Repeat("x", 5000)
	dear := func(text string) string {
		return "SELECT max(length(" + text + ")) FROM (SELECT string_agg(t.typname, '') s FROM pg_type a, pg_type b, pg_type t) q, generate_series(1, 9000) t(i)"
	}
	for name, a := range map[string]struct {
		sql  string
		want errs.Code // empty for either
	}{
		"rows":            {"SELECT count(*) FROM pg_type a, pg_type b, pg_type c, pg_type d, pg_type e, pg_type f", errs.Timeout},
		"recursion":       {"WITH RECURSIVE w AS (SELECT 1 x FROM pg_class UNION ALL SELECT x + 1 FROM w) SELECT count(*) FROM w", errs.Timeout},
		"sorted":          {"SELECT * FROM pg_type a, pg_type b, pg_type c, pg_type d ORDER BY a.typname || b.typname", errs.OutOfMemory},
		"one list":        {"SELECT len(array_agg(a.typname)) FROM pg_type a, pg_type b, pg_type c, pg_type d", errs.OutOfMemory},
		"one text":        {"SELECT length(string_agg(a.typname, '')) FROM pg_type a, pg_type b, pg_type c, pg_type d", errs.OutOfMemory},
		"texts":           {dear("s || md5(i::VARCHAR)"), errs.OutOfMemory},
		"texts of levels": {"SELECT max(length(" + grown + ")) FROM (SELECT " + grown + " x FROM (SELECT " + grown + " x FROM (SELECT md5(i::VARCHAR)||'" + long + "' x FROM pg_class, generate_series(1,9000) t(i)) q) q) q", ""},
		"replaced":        {"SELECT max(length(replace(replace(replace(md5(i::VARCHAR)||'" + long + "','x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx'))) FROM pg_class, generate_series(1,9000) t(i)", ""},
		// Computed while the statement is prepared, where nothing stops it.
		"a constant": {"SELECT length(replace(replace(replace(replace('" + long + "','x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx')) FROM pg_class", ""},
	} {
		if a.want != errs.OutOfMemory {
			c.most = time.Second
		}
		peak(t)
		begun := time.Now()
		_, mine, err := ask(t, c, a.sql)
		code := errs.CodeOf(err)
		if !mine || code != a.want && (a.want != "" || code != errs.OutOfMemory && code != errs.Timeout) {
			t.Errorf("%s: %v, %v", name, mine, err)
		}
		if took := time.Since(begun); took > c.most+3*time.Second {
			t.Errorf("%s: ended after %s", name, took)
		}
		if mib := peak(t); mib > 400 {
			t.Errorf("%s: this process took %d MiB", name, mib)
		}
		c.most = mostTime
		mustAsk(t, c, "SELECT count(*) > 90 FROM pg_type", "true\n")
	}
}

// A statement that nobody waits for any more ends at once, also while it is prepared.
func TestLeftStatements(t *testing.T) {
	c := open(t)
	for _, sql := range []string{
		"SELECT count(*) FROM pg_type a, pg_type b, pg_type c, pg_type d, pg_type e, pg_type f",
		"SELECT length(replace(replace(replace(replace('" + strings.Repeat("x", 5000) + "','x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx'),'x','xxxxxxxxxxxxxxxx')) FROM pg_class",
	} {
		mustAsk(t, c, "SELECT count(*) > 90 FROM pg_type", "true\n")
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, leave)
		begun := time.Now()
		_, mine, err := c.Query(ctx, session("a"), facts, server.Request{SQL: sql})
		if took := time.Since(begun); !mine || errs.CodeOf(err) != errs.Canceled || took > 2*time.Second {
			t.Errorf("%.40s: %v, %v after %s", sql, mine, err, took)
		}
	}
}

// A process that ended while nobody asked is replaced, and nobody hears of it.
func TestKilledCatalogue(t *testing.T) {
	c := open(t)
	mustAsk(t, c, "SELECT count(*) > 90 FROM pg_type", "true\n")
	e, _ := c.order.Front().Value.(*entry)
	w, ok := e.in.(*walled)
	if !ok {
		t.Fatal("the catalogue lives in this process")
	}
	w.p.End()
	mustAsk(t, c, "SELECT count(*) > 90 FROM pg_type", "true\n")
}

// A program that is none, or that answers otherwise, is an error and nothing else.
func TestNoCatalogue(t *testing.T) {
	for _, command := range []string{"/nonexistent", "/bin/true", "/bin/cat"} {
		c := New("Asia/Shanghai", command)
		if _, mine, err := ask(t, c, "SELECT 1 FROM pg_class"); !mine || err == nil {
			t.Errorf("%s answers", command)
		}
		c.Close()
	}
}

// A catalogue in this process gives what one in a process of its own does.
func TestCatalogueInThisProcess(t *testing.T) {
	own, walled := New("Asia/Shanghai"), open(t)
	defer own.Close()
	for _, sql := range []string{
		"SELECT * FROM pg_attribute ORDER BY attrelid, attnum", "SELECT * FROM pg_type ORDER BY oid", "SELECT * FROM pg_class WHERE false",
		"SELECT 1.50::DECIMAL(9,2), DATE '2024-02-29', TIMESTAMPTZ '2024-01-01 20:00:00+00', ['a', NULL], {'x': 1}, NULL::VARCHAR, '\\xE5\\xBC'::BLOB FROM pg_database",
	} {
		want, _, err := ask(t, own, sql)
		if err != nil {
			t.Errorf("%s: %v, %s", sql, err, errs.From(err).Detail)
		}
		mustAsk(t, walled, sql, want)
	}
	if _, _, err := ask(t, own, "SELECT len(array_agg(a.typname)) FROM pg_type a, pg_type b, pg_type c, pg_type d"); errs.CodeOf(err) != errs.OutOfMemory {
		t.Errorf("its memory has no limit: %v", err)
	}
}
