package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/server/httpapi"
)

// Dates that MariaDB stores although they are none come as NULL, and whoever asked is
// told of which column and of how many: over HTTP in every form, and by the command.
func TestZeroDatesAreTold(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, `SET SESSION sql_mode = 'ALLOW_INVALID_DATES';
		CREATE TABLE people (id int PRIMARY KEY, born date NOT NULL, seen datetime, good date);
		INSERT INTO people VALUES (1, '0000-00-00', '2024-01-01', '2024-01-01'), (2, '2024-00-10', NULL, '2024-01-01'), (3, '2000-02-29', '0000-00-00', '2024-01-01')`)
	s := newMariaSite(t, db, map[string]string{"人": "people"})
	s.serve(t)
	s.mustAnswer(t, "SELECT CAST(min(born) AS VARCHAR), count(*) FROM 政务.人 WHERE born IS NULL OR id > 0", "2000-02-29 3")
	of := func(column string, n int) string {
		return fmt.Sprintf("Source zfw, table people, column %s: %d dates without a day or month, or with one that does not exist, were read as NULL.", column, n)
	}
	for _, c := range []struct {
		name, sql string
		rows      int
		want      []string // titles
	}{
		{"straight", "SELECT id, born, good FROM 政务.人", 3, []string{of("born", 2)}},
		{"two columns", "SELECT id, born, seen FROM 政务.人", 3, []string{of("born", 2), of("seen", 1)}},
		{"computed here", "SELECT id, strftime(born, '%Y') y FROM 政务.人", 3, []string{of("born", 2)}},
		{"twice", "SELECT a.id, strftime(a.born, '%Y'), strftime(b.born, '%m') FROM 政务.人 a JOIN (SELECT * FROM 政务.人 WHERE length(id::VARCHAR) < 9) b ON a.id || '' = b.id || ''", 3, []string{of("born", 4)}},
		{"other columns", "SELECT id, good FROM 政务.人", 3, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, form := range []string{formJSON, formNDJSON, formCSV, formArrow, "application/vnd.apache.parquet"} {
				rows, got := s.warned(t, form, c.sql)
				if rows >= 0 && rows != c.rows || !slices.Equal(got, c.want) {
					t.Errorf("%s: %d rows, warnings %q, want %q", form, rows, got, c.want)
				}
			}
			var said strings.Builder
			for _, w := range c.want {
				said.WriteString("warning[zero_dates]: " + w + "\n")
			}
			own := strings.ReplaceAll(c.sql, "政务.人", "zfw.people")
			if code, _, stderr := s.command(t.Context(), "query", "--direct", "--format", "csv", own); code != 0 || stderr != said.String() {
				t.Errorf("--direct: exit %d, %q, want %q", code, stderr, said.String())
			}
			var stdout, stderr bytes.Buffer
			if code := s.run(t.Context(), &stdout, &stderr, "query", "--url", s.url, "--format", "csv", c.sql); code != 0 || stderr.String() != said.String() {
				t.Errorf("--url: exit %d, %q, want %q", code, stderr.String(), said.String())
			}
		})
	}
}

// warned asks a statement and gives the titles of its warnings, and the number of its
// rows where the form tells.
func (s *site) warned(t *testing.T, form, sql string) (rows int, titles []string) {
	t.Helper()
	res, err := s.ask(t.Context(), form, sql)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	end := struct {
		RowCount int `json:"row_count"`
		Warnings []output.Warned
	}{RowCount: -1}
	switch form {
	case formJSON:
		err = json.Unmarshal(body, &end)
	case formNDJSON:
		lines := bytes.Split(bytes.TrimSpace(body), []byte("\n"))
		err = json.Unmarshal(lines[len(lines)-1], &end)
	default:
		f, _ := output.ParseFooter(res.Trailer.Get(httpapi.FooterTrailer))
		end.Warnings, end.RowCount = f.Warnings, int(f.RowCount)
	}
	if err != nil {
		t.Fatalf("%s: %v: %s", form, err, body)
	}
	for _, w := range end.Warnings {
		if w.Code != "zero_dates" {
			t.Errorf("%s: code %s", form, w.Code)
		}
		titles = append(titles, w.Title)
	}
	return end.RowCount, titles
}
