package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/testpg"
)

// typesTable has a column for each type that drivers read: something usual, both ends of
// what there is, and nothing.
const typesTable = `
	CREATE TABLE types (id integer PRIMARY KEY, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric(12,3), t text, v varchar(10),
		bt bytea, d date, ti time, ts timestamp, tz timestamptz, u uuid, j jsonb, iv interval, li integer[], lt text[]);
	INSERT INTO types VALUES
	(1, true, 1, 1, 1, 1.5, 1.5, 1.5, '政务 ''x'' \ "', 'v', '\x616200ff', '2024-02-29', '12:34:56.789012', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+08',
		'123e4567-e89b-12d3-a456-426614174000', '{"a": [1, "二"]}', '1 month 2 days 03:04:05.6', '{1,NULL,3}', '{a,NULL,"b,\"c\" {}","NULL",""}'),
	(2, false, -32768, -2147483648, -9223372036854775808, '-Infinity', '-Infinity', -999999999.999, '', '', '', '0001-01-01', '00:00:00', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00',
		'00000000-0000-0000-0000-000000000000', 'null', '-1 year -1 day -00:00:00.000001', '{}', '{}'),
	(3, true, 32767, 2147483647, 9223372036854775807, 'NaN', 'NaN', 999999999.999, repeat('长', 3000), '十个字十个字十个字十', '\x00', '9999-12-31', '23:59:59.999999', '9999-12-31 23:59:59.999999',
		'9999-12-31 12:34:56.789012+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '"\n"', '0', '{-2147483648,2147483647}', '{"政务"}'),
	(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(5, false, 0, 0, 0, '-0', 1e308, 0, 'a', 'b', '\xdeadbeef', '1969-12-31', '06:00:00', '1969-12-31 23:59:59.5', '1900-01-01 00:00:00+00', '123e4567-e89b-12d3-a456-426614174001', '1.50', '100 years', '{0}', '{"\\"}');`

// driversSite is a site whose PostgreSQL door drivers try, with 政务.型 as typesTable; and
// where the door is.
func driversSite(t *testing.T) (*site, string) {
	t.Helper()
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	s.db.Exec(t, typesTable)
	file, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, strings.Replace(string(file), "类: zfw.public.kinds", "类: zfw.public.kinds, 型: zfw.public.types", 1))
	return s, s.postgresDoor(t)
}

// needPython gives the Python of the tests' packages, of which the test needs some.
func needPython(t *testing.T, packages string) string {
	t.Helper()
	python := filepath.Join(testCache(t), "venv", "bin", "python")
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import "+packages).CombinedOutput(); err != nil {
		t.Skipf("needs the Python packages of scripts/requirements.txt (scripts/install-test-deps.sh): %v %s", err, out)
	}
	return python
}

// said runs a program of a client and gives what it printed, without the line of versions,
// which goes to the test's log.
func said(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v\n%s\n%s", err, out, stderr.String())
	}
	first, rest, found := strings.Cut(string(out), "\n")
	if !found || !strings.HasPrefix(first, "version ") {
		t.Errorf("no versions: %q", first)
	}
	t.Log(first)
	return rest
}

// mustSay compares what a client's program says with a file of testdata, line by line.
func mustSay(t *testing.T, s *site, got, file string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", "pgwire", file+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the client sees otherwise (-want +got):\n%s", diff)
	}
	if strings.Contains(s.log.String(), "code=internal") {
		t.Errorf("the gateway's own errors:\n%s", s.log.String())
	}
	s.awaitGone(t)
}

// needLong skips a test of a program unless the long proofs are asked for.
func needLong(t *testing.T, what string) {
	t.Helper()
	if os.Getenv(longVariable) == "" {
		t.Skip(what + ": " + longVariable + "=1")
	}
}
