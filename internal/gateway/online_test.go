package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
)

// On-line browsing shows a page, and no more of it by any form or trick.
func TestOnline(t *testing.T) {
	s := newSite(t, plain)
	var answer struct {
		Rows      [][]any         `json:"rows"`
		Count     int             `json:"row_count"`
		Truncated bool            `json:"truncated"`
		Error     *output.Problem `json:"error"`
	}
	ask := func(sql, mode string) {
		t.Helper()
		answer.Rows, answer.Count, answer.Truncated, answer.Error = nil, 0, false, nil
		r := s.ask(t, "wang", "application/json", map[string]any{"sql": sql, "mode": mode})
		if err := json.Unmarshal(r.body, &answer); err != nil || r.StatusCode != 200 {
			t.Fatalf("%s: %d %v %s", sql, r.StatusCode, err, r.body)
		}
	}
	for sql, want := range map[string]struct {
		rows      int
		truncated bool
	}{
		"SELECT * FROM 公安.名册":                                     {50, true},
		"SELECT * FROM 公安.名册 ORDER BY zt DESC":                    {50, true},
		"SELECT * FROM 公安.名册 WHERE id <= 50":                      {50, false},
		"SELECT * FROM 公安.名册 WHERE id <= 51":                      {50, true},
		"SELECT * FROM 公安.名册 WHERE id < 4":                        {3, false},
		"SELECT a.id FROM 公安.名册 a, 公安.名册 b, range(100) r(i)":      {50, true},
		"SELECT id FROM 公安.名册 UNION ALL SELECT id FROM 公安.人口":     {50, true},
		"SELECT count(*) FROM 公安.名册 a, 公安.名册 b WHERE a.id > b.id": {1, false},
	} {
		ask(sql, "online")
		if len(answer.Rows) != want.rows || answer.Count != want.rows || answer.Truncated != want.truncated || answer.Error != nil {
			t.Errorf("%s: %d rows, truncated %v, %v", sql, len(answer.Rows), answer.Truncated, answer.Error)
		}
	}
	// All of it packed into one row is no page, by no door that has the mode.
	const packed = "SELECT string_agg(repeat(zt, 2000), ',') FROM 公安.名册"
	if r := s.ask(t, "wang", "application/json", map[string]any{"sql": packed, "mode": "online"}); r.StatusCode != 403 || !strings.Contains(string(r.body), `"not_allowed"`) {
		t.Errorf("%d %.200s", r.StatusCode, r.body)
	}
	config, err := pgconn.ParseConfig("postgres://" + s.others["postgres"] + "/lianji?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password, config.RuntimeParams["options"] = "wang~token", s.tokens["wang"], "-c purpose=DB-HC -c mode=online"
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{packed, "SELECT list(repeat(zt, 2000)) FROM 公安.名册", "COPY (" + packed + ") TO STDOUT (FORMAT csv)"} {
		var e *pgconn.PgError
		if _, err := conn.Exec(t.Context(), sql).ReadAll(); !errors.As(err, &e) || e.Code != errs.NotAllowed.SQLState() {
			t.Errorf("%s: %v", sql, err)
		}
	}
	ask("SELECT * FROM 公安.名册", "interface")
	if len(answer.Rows) != 120 || answer.Truncated {
		t.Errorf("another mode: %d rows", len(answer.Rows))
	}
	for _, form := range []output.Form{output.CSV, output.Arrow, output.Parquet} {
		if r := s.ask(t, "wang", output.ContentType(form), map[string]any{"sql": "SELECT * FROM 公安.名册", "mode": "online"}); r.StatusCode != 406 || strings.Contains(string(r.body), "z1") {
			t.Errorf("%s: %d", form, r.StatusCode)
		}
	}
}
