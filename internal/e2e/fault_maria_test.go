package e2e

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testmaria"
)

// mariaFlow are tables whose rows do not end while a test runs.
const mariaFlow = `
	CREATE VIEW flow AS SELECT a.seq + b.seq * 1000 AS id, repeat(md5(a.seq), 4) AS pad, c.seq AS z FROM seq_1_to_1000 a, seq_1_to_1000 b, seq_1_to_1000 c;
	CREATE TABLE kinds (k int PRIMARY KEY, title varchar(20)); INSERT INTO kinds VALUES (0, 'a'), (1, 'b'), (2, 'c')`

// A MariaDB that dies in the middle of its answer ends the query, and in every form the
// client can tell that the answer is not whole.
func TestMariaKilled(t *testing.T) {
	server := testmaria.StartOwn(t)
	db := server.Database(t)
	db.Exec(t, mariaFlow)
	s := newMariaSite(t, db, map[string]string{"流水": "flow", "类": "kinds"})
	s.serve(t)
	for name, sql := range map[string]string{
		"straight":    "SELECT id, pad, z FROM 政务.流水",
		"filter here": "SELECT id, pad, z FROM 政务.流水 WHERE length(pad || '.') > 3",
	} {
		plan, code, title, err := s.answer(t.Context(), "EXPLAIN "+sql)
		if err != nil || code != "" || strings.Contains(plan, "straight:") != (name == "straight") {
			t.Fatalf("%s: %s %s %v\n%s", name, code, title, err, plan)
		}
		comesBack := func() {
			server.Restart(t)
			s.mustAnswer(t, "SELECT k, title FROM 政务.类 ORDER BY k", "0 a\n1 b\n2 c")
		}
		for form, check := range map[string]func(*testing.T, []byte, error){
			formJSON: brokenJSON, formNDJSON: brokenNDJSON, formCSV: brokenCSV, formArrow: brokenArrow,
		} {
			t.Run(name+" "+form, func(t *testing.T) {
				res, err := s.ask(t.Context(), form, sql)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				head := make([]byte, someBatches)
				if n, err := io.ReadFull(res.Body, head); err != nil {
					t.Fatalf("after %d bytes of %s: %v", n, res.Status, err)
				}
				server.Kill(t)
				rest, err := io.ReadAll(res.Body)
				check(t, append(head, rest...), err)
				s.logged(t, res.Header.Get("Lianji-Query-Id"))
				comesBack()
			})
		}
		t.Run(name+" by the command", func(t *testing.T) {
			for _, from := range [][]string{{"--direct", "--config", s.file}, {"--url", s.url}} {
				s.killUnderCommand(t, server.Kill, from, sql)
				comesBack()
			}
		})
	}
}

// killUnderCommand kills the source under a query of the command line, which must say so.
func (s *site) killUnderCommand(t *testing.T, kill func(testing.TB), from []string, sql string) {
	t.Helper()
	if from[0] == "--direct" {
		sql = strings.ReplaceAll(sql, "政务.流水", "zfw.flow")
	}
	stdout := newGate(someBatches)
	var stderr bytes.Buffer
	code := -1
	done := safego.Run(func() error {
		code = s.run(t.Context(), stdout, &stderr, append(append([]string{"query"}, from...), sql)...)
		return nil
	})
	select {
	case <-stdout.reached:
	case <-done:
		t.Fatalf("exit %d before the kill: %s", code, stderr.String())
	}
	kill(t)
	close(stdout.opened)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if code != 1 || !strings.HasPrefix(stderr.String(), "error[source_failed]: "+lostText) || strings.Contains(stderr.String(), s.password) {
		t.Errorf("%s: exit %d, stderr %q", from[0], code, stderr.String())
	}
}
