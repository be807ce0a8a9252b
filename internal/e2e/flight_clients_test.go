package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flightAddress gives where a site serves Flight SQL, as clients write it.
func (s *site) flightAddress() string {
	return regexp.MustCompile(`grpc://[0-9.:]+[0-9]`).FindString(s.log.String())
}

// testCache is the folder of what tests install.
func testCache(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(cache, "lianji-test")
}

// What the Flight SQL clients for Python say. In an error they say our text.
const flightPython = `vendor lianji ['TABLE']
catalogs []
db_schemas [[政务, 档案]]
tables [[政务 [大 TABLE, 慢 TABLE, 户 TABLE, 流水 TABLE, 类 TABLE], 档案 [册 TABLE]]]
column id 1 int4
column k 2 int4
column name 3 text
schema ['id', 'k', 'name']
rows [(17, 'n17')]
empty 0 ['id', 'name']
prepared ['int32']
bound 1 [('n1',)]
bound 2 [('n2',)]
bound 6 [('n6',)]
value int64 same
value int64 same
value double same
value bool same
value string same
value int32 same
value decimal128(3, 2) same
value date32[day] same
value time64[us] same
value timestamp[us] same
value timestamp[us, tz=UTC] same
value binary same
cast BLOB [b'\x00\xff']
cast DATE [datetime.date(2024, 2, 29)]
cast DECIMAL(10,2) [Decimal('3.00')]
cast TIMESTAMP [datetime.datetime(2024, 1, 2, 3, 4, 5)]
cast TINYINT ProgrammingError
cast UUID ['123e4567-e89b-12d3-a456-426614174000']
cast INTERVAL [MonthDayNano(months=0, days=3, nanoseconds=0)]
error ProgrammingError There is no table 无.
error ProgrammingError Only reading statements are answered here, not DELETE.
error ProgrammingError One statement at a time, please: a second one begins here.
not prepared ProgrammingError Grants are kept in the catalogue's store, and here there is none: GRANT, REVOKE and SHOW GRANTS go to a gateway whose configuration has catalog: store, with a token, as lianji query --url does.
many ProgrammingError
cancelled OperationalError True
pyarrow 100000 True True [] True
a ticket is good once
`

// ADBC and pyarrow connect, see what there is, bind, cancel and read.
func TestFlightPython(t *testing.T) {
	python := filepath.Join(testCache(t), "venv", "bin", "python")
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import adbc_driver_flightsql, pyarrow.flight").CombinedOutput(); err != nil {
		t.Skipf("needs the Python packages of scripts/requirements.txt (scripts/install-test-deps.sh): %v %s", err, out)
	}
	s, _ := flightSite(t, "memory: 256MiB")
	cmd := exec.CommandContext(t.Context(), python, "testdata/flight/adbc.py", s.flightAddress())
	cmd.Stderr = os.Stderr
	got, err := cmd.Output()
	if err != nil {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(strings.Split(flightPython, "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("clients see otherwise (-want +got):\n%s\n%s", diff, s.log.String())
	}
	s.awaitGone(t)
}

// The driver whose DatabaseMetaData is walked over.
const (
	flightJar    = "flight-sql-jdbc-driver-18.3.0.jar"
	flightJarOf  = "org.apache.arrow:flight-sql-jdbc-driver:18.3.0"
	flightJarSum = "3f418b46c880e263558c5de669bdbede2c5d4375527ced116fb29f795b03704c"
)

// jar gives a JDBC driver, which Maven brings into the cache of tests, by its file's name,
// its coordinates and the file's SHA-256.
func jar(t *testing.T, name, of, sum string) string {
	t.Helper()
	for _, program := range []string{"java", "javac", "mvn"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: %v", program, err)
		}
	}
	dir := filepath.Join(testCache(t), "jars")
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		out, err := exec.CommandContext(t.Context(), "mvn", "-q", "-B", "dependency:copy", "-Dartifact="+of, "-DoutputDirectory="+dir).CombinedOutput()
		if err != nil {
			t.Skipf("Maven does not bring %s: %v %s", of, err, out)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256.Sum256(file); hex.EncodeToString(got[:]) != sum {
		t.Fatalf("%s is another one: %x", path, got)
	}
	return path
}

// What the walk must find, among much else; a line is the call with how many arguments
// it has. That moments and times of day are a thousandth of what was set is the driver's
// fault (docs/clients.md).
const flightWalk = `getColumns/4 = (null|政务|大|id|4|int4|
getDatabaseProductName/0 = lianji
getDefaultTransactionIsolation/0 = 0
getIdentifierQuoteString/0 = "
getMaxRowSize/0 = 15728640
getPrimaryKeys/3 = 
getSchemas/0 = (政务|null)(档案|null)
getSchemaTerm/0 = agency
getSearchStringEscape/0 = \
getTableTypes/0 = (TABLE)
getTables/4 = (null|政务|大|TABLE|
getUserName/0 = anybody
isReadOnly/0 = true
supportsGroupBy/0 = true
supportsTransactions/0 = false
statement = (2|x|null)
SELECT * FROM 无: Error while executing SQL "SELECT * FROM 无": There is no table 无.
DELETE FROM t: Error while executing SQL "DELETE FROM t": Only reading statements are answered here, not DELETE.
prepared 1 = (2|值1|2024-02-29|1.50)
prepared 5 = (6|值5|2024-02-29|1.50)
prepared 6 = (7|值6|2024-02-29|1.50)
setTimestamp TIMESTAMP -> (1970-01-21 10:53:22.200123)
setTimestamp TIMESTAMPTZ -> (1970-01-21 18:53:22.200123+08)
setTime TIME -> (00:01:03)
setString TIMESTAMP -> SQLException: Binding value of type STRING is not yet supported for expected Arrow type Timestamp(MICROSECOND, null)
text TIMESTAMP -> (2025-12-31 17:30:00.123456)
text TIMESTAMPTZ -> (2025-12-31 17:30:00.123456+08)
milliseconds -> (2025-12-31 17:30:00.123)
a wrong purpose: `

// The JDBC driver gets an answer to every question of DatabaseMetaData, but for those
// that it does not ask the gateway.
func TestFlightJDBC(t *testing.T) {
	if os.Getenv(longVariable) == "" {
		t.Skip("a Java program: " + longVariable + "=1")
	}
	driver := jar(t, flightJar, flightJarOf, flightJarSum)
	s, _ := flightSite(t, "memory: 256MiB")
	url := "jdbc:arrow-flight-sql://" + strings.TrimPrefix(s.flightAddress(), "grpc://") + "?useEncryption=false"
	cmd := exec.CommandContext(t.Context(), "java", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp", driver, "testdata/flight/Walk.java", url,
		"user", "anybody", "password", "-", "purpose", "DB", "applicationName", "walk")
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	got := string(out)
	for _, line := range strings.Split(flightWalk, "\n") {
		if !strings.Contains("\n"+got, "\n"+line) {
			t.Errorf("not found: %q", line)
		}
	}
	if n := strings.Count(got, " = "); n < 170 {
		t.Errorf("%d answers", n)
	}
	for _, line := range strings.Split(got, "\n") {
		// What the driver says of calls that it does not have.
		if strings.Contains(line, "THROWS") && !strings.HasSuffix(line, "implement this method") {
			t.Error(line)
		}
	}
	if t.Failed() {
		t.Logf("the walk:\n%s", got)
	}
}
