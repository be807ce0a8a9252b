package gateway_test

import (
	"strings"
	"testing"
)

// An empty value is not NULL, also where nothing of its answer has a byte.
func TestEmptyIsNotNull(t *testing.T) {
	s := newSite(t, plain)
	c := s.postgres(t, "wang", "-c purpose=DB-HC")
	const sql = "SELECT '' AS a, ''::BLOB AS b, NULL::VARCHAR AS c"
	check := func(how string, rows [][][]byte, err error) {
		t.Helper()
		if err != nil || len(rows) != 1 || len(rows[0]) != 3 || rows[0][0] == nil || len(rows[0][0]) != 0 || rows[0][1] == nil || rows[0][2] != nil {
			t.Errorf("%s: %q %v", how, rows, err)
		}
	}
	results, err := c.Exec(t.Context(), sql).ReadAll()
	var rows [][][]byte
	for _, r := range results {
		rows = append(rows, r.Rows...)
	}
	check("simple", rows, err)
	for how, formats := range map[string][]int16{"text": {0}, "binary": {1}} {
		r := c.ExecParams(t.Context(), sql, nil, nil, nil, formats).Read()
		check(how, r.Rows, r.Err)
	}
	for options, want := range map[string]string{"": "\t\\\\x\t\\N\n", "WITH (FORMAT csv)": "\"\",\\x,\n", "WITH (FORMAT binary)": "\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"} {
		var out strings.Builder
		if _, err := c.CopyTo(t.Context(), &out, "COPY ("+sql+") TO STDOUT "+options); err != nil || !strings.HasSuffix(out.String(), want) {
			t.Errorf("COPY %s: %q %v", options, out.String(), err)
		}
	}
}
