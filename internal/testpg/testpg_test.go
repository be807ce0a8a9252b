package testpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// victim makes this test binary start a server and wait to be killed.
const victim = "LIANJI_TESTPG_VICTIM"

func TestMain(m *testing.M) { testpg.Main(m) }

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func one[T any](t *testing.T, conn *pgx.Conn, sql string) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func sqlstate(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return fmt.Sprintf("no SQLSTATE: %v", err)
}

func TestReaderReads(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, "create table 人口 (姓名 text); insert into 人口 values ('张三'); create schema s; create table s.t as select 7 as n")
	conn := connect(t, db.Reader)
	if got := one[string](t, conn, "select 姓名 from 人口"); got != "张三" {
		t.Errorf("got %q", got)
	}
	if got := one[int](t, conn, "select n from s.t"); got != 7 {
		t.Errorf("got %d", got)
	}
	for _, write := range []string{"insert into 人口 values ('李四')", "create table public.x (n int)"} {
		if _, err := conn.Exec(t.Context(), write); sqlstate(err) != "42501" {
			t.Errorf("%s: %s, want insufficient privilege", write, sqlstate(err))
		}
	}
}

func TestDatabasesAreApart(t *testing.T) {
	s := testpg.Start(t)
	a, b := s.Database(t), s.Database(t)
	a.Exec(t, "create table t (n int)")
	b.Exec(t, "create table t (n int)")
	if a.Name == b.Name {
		t.Error("one name for two databases")
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	s := testpg.Start(t)
	var gone *testpg.Database
	t.Run("inner", func(inner *testing.T) {
		gone = s.Database(inner)
		connect(t, gone.Reader) // a session still open must not keep it
	})
	if _, err := pgx.Connect(t.Context(), gone.Admin); sqlstate(err) != "3D000" {
		t.Errorf("%s, want that the database does not exist", sqlstate(err))
	}
}

func TestCollations(t *testing.T) {
	s := testpg.Start(t)
	for _, c := range []struct {
		options []string
		want    string
	}{
		{nil, "上中阿"},                         // by code point: U+4E0A, U+4E2D, U+963F
		{[]string{testpg.ChineseICU}, "阿上中"}, // by pinyin: a, shang, zhong
	} {
		conn := connect(t, s.Database(t, c.options...).Reader)
		got := one[string](t, conn, "select string_agg(v, '' order by v) from (values ('中'), ('阿'), ('上')) as x(v)")
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.options, got, c.want)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	db := testpg.Start(t).Database(t)
	wrong := strings.Replace(db.Reader, "reader:", "reader:x", 1)
	if _, err := pgx.Connect(t.Context(), wrong); sqlstate(err) != "28P01" {
		t.Errorf("%s, want a refused password", sqlstate(err))
	}
}

func TestSocket(t *testing.T) {
	s := testpg.Start(t)
	config, err := pgx.ParseConfig(s.Database(t).Reader)
	if err != nil {
		t.Fatal(err)
	}
	config.Host = s.SocketDir()
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(context.Background())
}

func TestFaults(t *testing.T) {
	s := testpg.StartOwn(t, "max_connections=17")
	db := s.Database(t)
	db.Exec(t, "create table t as select 1 as n")
	for _, fault := range []struct {
		name  string
		do    func(testing.TB)
		state string
	}{
		{"stop", s.Stop, "57P01"},
		{"kill", s.Kill, "no SQLSTATE"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			conn := connect(t, db.Admin)
			if got := one[string](t, conn, "show max_connections"); got != "17" {
				t.Errorf("max_connections is %s, want the setting given", got)
			}
			if _, err := conn.Exec(t.Context(), "checkpoint"); err != nil {
				t.Fatal(err)
			}
			fault.do(t)
			if _, err := conn.Exec(t.Context(), "select 1"); !strings.HasPrefix(sqlstate(err), fault.state) {
				t.Errorf("the session saw %s, want %s", sqlstate(err), fault.state)
			}
			if _, err := pgx.Connect(t.Context(), db.Reader); err == nil {
				t.Error("the server still answers")
			}
			s.Restart(t)
			if got := one[int](t, connect(t, db.Reader), "select n from t"); got != 1 {
				t.Errorf("after the restart the table holds %d, want 1", got)
			}
		})
	}
}

// TestServerDiesWithItsTests kills a test process that has a server, and finds
// neither the server nor its folder.
func TestServerDiesWithItsTests(t *testing.T) {
	if os.Getenv(victim) != "" {
		s := testpg.Start(t)
		fmt.Println("dsn", s.Database(t).Reader)
		fmt.Println("dir", s.SocketDir())
		<-t.Context().Done() // the last thing it does is to be killed
		return
	}
	testpg.Start(t) // says why it skips where there is no server
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerDiesWithItsTests$")
	cmd.Env = append(os.Environ(), victim+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for lines := bufio.NewScanner(out); said["dir"] == "" && lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), " ")
		said[key] = value
	}
	if said["dir"] == "" {
		t.Fatal("the victim did not start a server")
	}
	connect(t, said["dsn"])

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the victim ended by itself")
	}
	waitfor.True(t, time.Second, "the orphan's folder to go", func() bool {
		_, err := os.Stat(said["dir"])
		return errors.Is(err, os.ErrNotExist)
	})
	if _, err := pgx.Connect(t.Context(), said["dsn"]); err == nil {
		t.Error("the orphan still answers")
	}
}

func TestStartsQuickly(t *testing.T) {
	begun := time.Now()
	testpg.StartOwn(t)
	took := time.Since(begun)
	t.Logf("a server of one's own: %s (stated 3s)", took.Round(time.Millisecond))
	if took > 30*time.Second {
		t.Error("ten times the stated time")
	}
}

func TestMissingBinariesFail(t *testing.T) {
	t.Setenv("LIANJI_TEST_POSTGRES", t.TempDir())
	outcome := runAlone(t, "TestStartsQuickly")
	if !strings.Contains(outcome, "--- FAIL") || !strings.Contains(outcome, "there is no initdb and postgres in that folder") {
		t.Errorf("want a failure that says what is missing, got:\n%s", outcome)
	}
}

func TestOffSkips(t *testing.T) {
	t.Setenv("LIANJI_TEST_POSTGRES", "off")
	outcome := runAlone(t, "TestStartsQuickly|TestReaderReads")
	if strings.Count(outcome, "--- SKIP") != 2 || !strings.Contains(outcome, "LIANJI_TEST_POSTGRES=off") {
		t.Errorf("want two skips with the reason, got:\n%s", outcome)
	}
}

// runAlone runs tests of this binary in a process of its own.
func runAlone(t *testing.T, tests string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^("+tests+")$")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

func TestNothingIsLeft(t *testing.T) {
	testpg.Start(t) // says why it skips where there is no server
	var dir string
	t.Run("inner", func(t *testing.T) { dir = testpg.StartOwn(t).SocketDir() })
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is left behind: %v", err)
	}
}
