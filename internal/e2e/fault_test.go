package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

const (
	formJSON   = "application/json"
	formNDJSON = "application/x-ndjson"
	formCSV    = "text/csv"
	formArrow  = "application/vnd.apache.arrow.stream"
)

// someBatches is more of an answer than its first batch in any form.
const someBatches = 2 << 20

// lostText is the one error that a person gets when the source dies.
const lostText = "Source zfw ended the connection before its answer was complete."

// A source that dies in the middle of its answer ends the query, and in every form
// the client can tell that the answer is not whole.
func TestSourceKilled(t *testing.T) {
	s := newSite(t, testpg.StartOwn(t), 4, "memory: 256MiB")
	s.fillBig(t)
	s.serve(t)
	for _, statement := range []struct {
		name, sql string
		straight  bool
	}{
		{"straight", "SELECT id, pad, z FROM 政务.流水", true},
		{"filter here", "SELECT id, pad, z FROM 政务.流水 WHERE length(reverse(pad)) > 3 AND id % 2 = 0", false},
		{"join", "SELECT b.id, b.pad, f.note FROM 政务.大 b JOIN 档案.册 f ON f.k = b.id % 3", false},
	} {
		sql := statement.sql
		plan, code, title, err := s.answer(t.Context(), "EXPLAIN "+sql)
		if err != nil || code != "" || strings.Contains(plan, "straight:") != statement.straight {
			t.Fatalf("%s: %s %s %v\n%s", statement.name, code, title, err, plan)
		}
		for _, form := range []struct {
			accept string
			check  func(t *testing.T, body []byte, err error)
		}{
			{formJSON, brokenJSON}, {formNDJSON, brokenNDJSON}, {formCSV, brokenCSV}, {formArrow, brokenArrow},
		} {
			t.Run(statement.name+" "+form.accept, func(t *testing.T) {
				res, err := s.ask(t.Context(), form.accept, sql)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				head := make([]byte, someBatches)
				if n, err := io.ReadFull(res.Body, head); err != nil {
					t.Fatalf("after %d bytes of %s: %v", n, res.Status, err)
				}
				s.server.Kill(t)
				killed := time.Now()
				rest, err := io.ReadAll(res.Body)
				t.Logf("%d bytes more, %s after the kill", len(rest), time.Since(killed).Round(time.Millisecond))
				form.check(t, append(head, rest...), err)
				s.logged(t, res.Header.Get("Lianji-Query-Id"))
				s.comesBack(t)
			})
		}
		t.Run(statement.name+" table", func(t *testing.T) { s.killUnderTable(t, sql) })
	}
}

func brokenJSON(t *testing.T, body []byte, err error) {
	var a struct {
		Columns  []any
		Rows     [][]any
		Error    struct{ Code, Title string }
		RowCount *int `json:"row_count"`
	}
	if err != nil {
		t.Fatalf("the document was cut off: %v", err)
	}
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	if a.RowCount != nil || len(a.Columns) != 3 || len(a.Rows) < 1000 || a.Error.Code != "source_failed" || a.Error.Title != lostText {
		t.Errorf("%d columns, %d rows, row_count %v, error %+v", len(a.Columns), len(a.Rows), a.RowCount, a.Error)
	}
	if !regexp.MustCompile(`\],"error":\{[^{}]*\}\}\n$`).Match(body) {
		t.Errorf("error is not the last member: %q", body[len(body)-300:])
	}
}

func brokenNDJSON(t *testing.T, body []byte, err error) {
	if err != nil {
		t.Fatalf("the text was cut off: %v", err)
	}
	all := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	var last struct{ Error struct{ Code, Title string } }
	if err := json.Unmarshal([]byte(all[len(all)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if last.Error.Code != "source_failed" || last.Error.Title != lostText {
		t.Errorf("the last line is %s", all[len(all)-1])
	}
	for _, line := range all[1 : len(all)-1] {
		if !strings.HasPrefix(line, "[") || !strings.HasSuffix(line, "]") {
			t.Fatalf("a line before the last is no row: %q", line)
		}
	}
}

func brokenCSV(t *testing.T, body []byte, err error) {
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the transfer ends with %v after %d bytes, want it aborted", err, len(body))
	}
	if bytes.Contains(body, []byte("zfw")) {
		t.Error("text of an error stands among the rows")
	}
}

func brokenArrow(t *testing.T, body []byte, err error) {
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the transfer ends with %v, want it aborted", err)
	}
	r, err := ipc.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	rows := int64(0)
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if r.Err() == nil || rows == 0 {
		t.Errorf("a reader took %d rows for a whole answer: %v", rows, r.Err())
	}
}

// logged looks for the query's line in the gateway's log, which an operator reads.
func (s *site) logged(t *testing.T, id string) {
	t.Helper()
	waitfor.True(t, time.Second, "the query's line in the log", func() bool {
		return regexp.MustCompile(`level=WARN msg=query id=` + id + `.* code=source_failed`).MatchString(s.log.String())
	})
	if strings.Contains(s.log.String(), s.password) {
		t.Error("the password is in the log")
	}
}

// killUnderTable kills the source under the form that has no HTTP: the command's.
func (s *site) killUnderTable(t *testing.T, sql string) {
	for published, own := range map[string]string{"政务.流水": "zfw.endless", "政务.大": "zfw.big", "档案.册": "wj.files"} {
		sql = strings.ReplaceAll(sql, published, own)
	}
	stdout := newGate(someBatches)
	var stderr lines
	code := -1
	done := safego.Run(func() error {
		code = s.run(t.Context(), stdout, &stderr, "query", "--direct", "--config", s.file, sql)
		return nil
	})
	select {
	case <-stdout.reached:
	case <-done:
		t.Fatalf("exit %d before the kill: %s", code, stderr.String())
	}
	s.server.Kill(t)
	close(stdout.opened)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if code != 1 || !strings.HasPrefix(stderr.String(), "error[source_failed]: "+lostText) || strings.Contains(stderr.String(), "row") || strings.Contains(stderr.String(), s.password) {
		t.Errorf("exit %d, stderr %q", code, stderr.String())
	}
	s.comesBack(t)
}

// comesBack starts the source again; the gateway, which was not touched, must find it.
func (s *site) comesBack(t *testing.T) {
	t.Helper()
	s.closeAdmin()
	s.server.Restart(t)
	s.mustAnswer(t, "SELECT id, name FROM 政务.户 WHERE id = 17", "17 n17")
	s.mustAnswer(t, "SELECT h.id, c.note FROM 政务.户 h JOIN 档案.册 c ON c.k = h.k WHERE h.id <= 8 ORDER BY 1", "1 b\n2 c\n7 a\n8 b")
	s.nothingOpen(t)
}

// A source that is away gives one error that names it, and no other statement is
// any worse for it.
func TestSourceAway(t *testing.T) {
	s := newSite(t, testpg.StartOwn(t), 4, "memory: 256MiB")
	s.serve(t)
	const other, rows = "SELECT k, note FROM 档案.册 ORDER BY 1", "0 a\n1 b\n2 c"
	s.mustAnswer(t, "SELECT count(*) FROM 政务.户", "20000")
	for name, down := range map[string]func(testing.TB){"stopped": s.server.Stop, "killed": s.server.Kill} {
		t.Run(name, func(t *testing.T) {
			down(t)
			for _, sql := range []string{
				"SELECT id FROM 政务.户", "SELECT max(id) FROM 政务.户 WHERE id % 2 = 0",
				"SELECT h.id FROM 政务.户 h JOIN 档案.册 c USING (k)",
			} {
				_, code, title, err := s.answer(t.Context(), sql)
				if err != nil || code != "source_unreachable" || title != "Source zfw cannot be reached." {
					t.Errorf("%s: %s %q %v", sql, code, title, err)
				}
				s.mustAnswer(t, other, rows)
			}
			s.comesBack(t)
		})
	}
}

// A source that was away at the start is found later, without starting anew.
func TestSourceAwayAtStart(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, testpg.StartOwn(t), 4, "memory: 256MiB")
	s.server.Stop(t)
	s.serve(t)
	if !strings.Contains(s.log.String(), "Source zfw cannot be reached.") {
		t.Errorf("serve does not say what is away: %s", s.log.String())
	}
	s.mustAnswer(t, "SELECT k FROM 档案.册 ORDER BY 1", "0\n1\n2")
	if _, code, title, err := s.answer(t.Context(), "SELECT id FROM 政务.户"); err != nil || code != "source_unreachable" || title != "Source zfw cannot be reached." {
		t.Errorf("%s %q %v", code, title, err)
	}
	s.server.Restart(t)
	waitfor.True(t, 15*time.Second, "the source to be found again", func() bool {
		_, code, _, err := s.answer(t.Context(), "SELECT id FROM 政务.户 WHERE id = 1")
		return err == nil && code == ""
	})
	s.comesBackNow(t)
}

func (s *site) comesBackNow(t *testing.T) {
	t.Helper()
	s.mustAnswer(t, "SELECT h.id, c.note FROM 政务.户 h JOIN 档案.册 c ON c.k = h.k WHERE h.id <= 2 ORDER BY 1", "1 b\n2 c")
}
