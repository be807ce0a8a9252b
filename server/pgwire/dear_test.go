package pgwire_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server/pgwire"
	"github.com/lianji/lianji/server/pgwire/pgcatalog"
	"github.com/lianji/lianji/server/servertest"
)

// worked gives the processor's time that the catalogues' processes of this one took, in
// hundredths of a second.
func worked(t *testing.T) (sum int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		command, _ := os.ReadFile(path) // of a process that may be gone
		stat, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
		_, after, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(after) // from the third on
		if strings.HasSuffix(string(command), "\x00"+pgcatalog.Role+"\x00") && len(fields) > 11 && fields[1] == strconv.Itoa(os.Getpid()) {
			n, err := strconv.Atoi(fields[11])
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}

// awaitBusy waits until a catalogue works on a statement that has no end.
func awaitBusy(t *testing.T) {
	t.Helper()
	from := worked(t)
	waitfor.True(t, 2*time.Second, "the catalogue to work", func() bool { return worked(t) > from+20 })
}

// Statements over the catalogue that have no end are ended when the client says so or
// goes, and when they take too much.
func TestEndlessCatalogueStatements(t *testing.T) {
	s := open(t, &servertest.Querier{}, func(o *pgwire.Options) { o.Catalogue = []string{self(t), pgcatalog.Role} })
	const (
		easy    = "SELECT relname FROM pg_class WHERE false"
		endless = "SELECT count(*) FROM pg_type a, pg_type b, pg_type c, pg_type d, pg_type e, pg_type f"
	)
	c := s.connect(t, "")
	mustRun(t, c, easy, "SELECT 0\n")
	for name, sql := range map[string]string{
		"rows":  "SELECT * FROM pg_type a, pg_type b, pg_type c, pg_type d ORDER BY a.typname || b.typname",
		"texts": "SELECT max(length(s || md5(i::VARCHAR))) FROM (SELECT string_agg(t.typname, '') s FROM pg_type a, pg_type b, pg_type t) q, generate_series(1, 9000) t(i)",
	} {
		_, err := run(t, c, sql)
		if e := wantState(t, err, "53200"); e == nil || e.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
		mustRun(t, c, easy, "SELECT 0\n")
	}

	done := safego.Run(func() error {
		_, err := c.Exec(t.Context(), endless).ReadAll()
		return err
	})
	awaitBusy(t)
	begun := time.Now()
	if err := c.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantState(t, <-done, "57014")

	w := s.dial(t)
	w.send(&pgproto3.Query{String: endless})
	awaitBusy(t)
	if err := w.conn.Close(); err != nil {
		t.Fatal(err)
	}
	// The principal's turn is free again.
	mustRun(t, c, easy, "SELECT 0\n")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("both were ended after %s", took)
	}
}
