package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/testpg"
)

// What testdata/pgwire/clients.py is to say.
const pgwirePython = `psycopg text [(1, 'n1'), (2, 'n2')]
psycopg parameters [(17,)]
psycopg lists, text ([[1, 3], [], [7], [19998], [2, 3], [Decimal('12345678901234567890.50')], [2], [[UUID('00000000-0000-0000-0000-000000000007'), None]], [7], [7], [b'\x00\\x\xff']], True)
psycopg lists, binary ([[1, 3], [], [7], [19998], [2, 3], [Decimal('12345678901234567890.50')], [2], [[UUID('00000000-0000-0000-0000-000000000007'), None]], [7], [7], [b'\x00\\x\xff']], True)
psycopg executions, text True
psycopg executions, binary True
psycopg server cursor ([(1, 'n1')], [(2, 'n2')])
psycopg pipeline ([(1, 'n1'), (2, 'n2')], [(2,)])
psycopg copy [('1', 'n1'), ('2', 'n2')]
psycopg copy binary [(1, 'n1'), (2, 'n2')]
psycopg error (('UndefinedColumn', '42703', '8'), (1,))
asyncpg [(1, 'n1'), (2, 'n2')]
asyncpg lists ([1, None, 3], ['x', None, ''], [Decimal('1.50')], [datetime.date(2024, 1, 2)], [])
asyncpg list parameters ([1, 3], [7], True, 7, True)
asyncpg pool [1, 1, 1]
sqlalchemy inspect (['政务', '档案'], ['册'], [('id', 'INTEGER'), ('k', 'INTEGER'), ('name', 'TEXT')], {'constrained_columns': ['id'], 'name': '型_pkey', 'comment': None, 'dialect_options': {'postgresql_include': []}}, ([], [], [], []))
sqlalchemy table ([('id', 'INTEGER'), ('k', 'INTEGER'), ('name', 'TEXT')], [(1, 'n1'), (2, 'n2')])
sqlalchemy reflect (['政务.型', '政务.大', '政务.慢', '政务.户', '政务.流水', '政务.类'], ({'text': None}, {}, False))
pandas table {'k': [0, 1], 'title': ['kind 0', 'kind 1']}
pandas {'id': [1, 2], 'name': ['n1', 'n2']}
polars [{'id': 1, 'name': 'n1'}, {'id': 2, 'name': 'n2'}]
ibis (['册'], [('id', 'int32'), ('k', 'int32'), ('name', 'string')], {'id': [1, 2], 'name': ['n1', 'n2']}, {'k': [0], 'n': [2857], 's': [28578571]}, 3)
`

// Python's clients connect, bind, page, copy and look around.
func TestPostgresPython(t *testing.T) {
	if os.Getenv(longVariable) == "" {
		t.Skip("programs in Python: " + longVariable + "=1")
	}
	python := filepath.Join(testCache(t), "venv", "bin", "python")
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import asyncpg, ibis, pandas, polars, psycopg, sqlalchemy").CombinedOutput(); err != nil {
		t.Skipf("needs the Python packages of scripts/requirements.txt (scripts/install-test-deps.sh): %v %s", err, out)
	}
	s, address := driversSite(t)
	cmd := exec.CommandContext(t.Context(), python, "testdata/pgwire/clients.py", address)
	cmd.Stderr = os.Stderr
	got, err := cmd.Output()
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(strings.Split(pgwirePython, "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("clients see otherwise (-want +got):\n%s\n%s", diff, s.log.String())
	}
	s.awaitGone(t)
}

// What psql's commands about the catalogue show of a table.
func TestPsqlCommands(t *testing.T) {
	needPsql(t)
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	address := s.postgresDoor(t)
	for _, c := range []struct{ command, want string }{
		{`\d 政务.户`, " id     | integer |           |          | \n k      | integer |           |          | \n name   | text    |           |          | \n"},
		{`\dt 档案.*`, " 档案   | 册   | table | analyst\n"},
		{`\dn`, " 政务   | analyst\n"},
		{`\l`, " lianji | analyst | UTF8 "},
		{`\du`, " analyst   | "},
		{`\df`, "(0 rows)"},
		{`\dv`, "Did not find any relations."},
		{`\d+ 政务.类`, "Column"},
		{`\dp 政务.类`, " 政务   | 类   | table "},
		{`SELECT count(*) FROM information_schema.columns WHERE table_schema = '政务' AND table_name = '户';`, "3\n"},
	} {
		if out := psqlRun(t, address, c.command+"\n"); !strings.Contains(out, c.want) {
			t.Errorf("%s says:\n%s\nwant in it:\n%s", c.command, out, c.want)
		}
	}
	if n := s.sessions(t, "%"); n > 4 {
		t.Errorf("%d sessions at the source", n)
	}
	if strings.Contains(s.log.String(), "code=internal") {
		t.Error(s.log.String())
	}
}

// psqlCommands are the commands of psql 15 that ask the server, of \\? Informational: with S
// and + where each takes them, and with patterns.
func psqlCommands() (all []string) {
	for forms, names := range map[string]string{
		"S+": "d dc dD dE di dm dn ds dt dT dv dg du dL dO df dfa dfn dfp dft dfw",
		"+":  "dA dAc dAf dAo dAp db dconfig dC des det deu dew dF dFd dFp dFt dl dP dPi dPt dPn dRp dRs dx dy l lo_list",
		"S":  "da dd do",
		"":   "ddp dp drds dX z",
	} {
		for _, name := range strings.Fields(names) {
			all = append(all, `\`+name, `\`+name+" 政务*")
			for _, form := range map[string][]string{"S+": {"S", "+", "S+"}, "+": {"+"}, "S": {"S"}}[forms] {
				all = append(all, `\`+name+form)
			}
		}
	}
	return append(all, `\d 政务.户`, `\d+ 政务.户`, `\dS+ 政务.*`, `\dt+ *.*`, `\dAc btree int4`, `\dAf+ btree int4`, `\dAo btree int4`, `\dAp btree int4`,
		`\df upper text`, `\df+ bool* text`, `\do + int4`, `\drds x y`, `\dT+ text`, `\dC int4`, `\dn+ 政务`, `\dp 政务.*`, `\sv 政务.户`, `\sv+ 政务.户`,
		`\conninfo`, `\encoding`)
}

// No command of psql that asks the server ends in an error, and what there is not is said
// not to be there.
func TestPsqlEveryCommand(t *testing.T) {
	needPsql(t)
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	address := s.postgresDoor(t)
	commands := psqlCommands()
	out := psqlRun(t, address, "\\echo ==\n"+strings.Join(commands, "\n\\echo ==\n")+"\n", "-P", "pager=off")
	parts := strings.Split(out, "==\n")[1:]
	if len(parts) != len(commands) {
		t.Fatalf("%d answers to %d commands:\n%s", len(parts), len(commands), out)
	}
	for i, part := range parts {
		if strings.Contains(part, "ERROR") || strings.Contains(part, "FATAL") || strings.Contains(part, "invalid command") {
			t.Errorf("%s says:\n%s", commands[i], part)
		}
	}
	for _, c := range []string{`\sf no_such`, `\sf+ no_such(int)`, `\sv 政务.no_such`} {
		if out := psqlRun(t, address, "SET lc_messages = 'C';\n"+c+"\n"); !strings.Contains(out, "no_such") || !strings.Contains(out, "ERROR") {
			t.Errorf("%s says:\n%s", c, out)
		}
	}
}
