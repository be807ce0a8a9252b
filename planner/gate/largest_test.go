package gate

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// largest are texts close below a limit, the costliest kinds that were found.
var largest = []struct{ name, sql string }{
	{"100,000 values in IN", "select 1 where 1 in (" + each(99_990, format("1")) + ")"},
	{"100,000 rows of VALUES", "select * from (values " + each(99_990, format("(1)")) + ")"},
	{"100,000 values in a list", "select [" + each(99_990, format("1")) + "]"},
	{"6,000 ORs", "select * from (select 1 a) where " + each(1, format(times(6000, "a = 1 or ")+"false"))},
	{"4,900 columns", "select * from (select " + each(4_900, format("1 as a#")) + ")"},
	{"4,900 columns, seventeen parts each", "select columns(*)" + times(8, "||''") + " from (select " + each(4_900, format("'' as a#")) + ")"},
	{"PIVOT of 70 by 70 values", "select * from (select 1 a, 1 b, 1 c) pivot (sum(c) for a in (" + each(70, format("#")) + ") b in (" + each(70, format("#")) + "))"},
	{"aliases that double, fourteen times", "select a a0, " + each(14, func(i int) string { return fmt.Sprintf("a%d || a%d as a%d", i, i, i+1) }) + " from (select 'x' a)"},
	{"BETWEEN in BETWEEN, twelve times", "select " + times(12, "(") + "x" + times(12, " between false and true)") + " from (select true x)"},
	{"struct types that double, eleven times", chain(10, "select {'a': 1, 'b': 2} s", "select {'a': s, 'b': s} s from c#") + " select 1 from c10"},
	{"lambdas in lambdas, ten times", "select " + times(10, "list_transform([1], x -> ") + "x" + times(10, ")") + " from (select 1 x)"},
	{"JSON arrows, twelve", "select j" + times(12, "->'a'") + " from (select '{}'::json j)"},
	{"nullif, twelve times", "select " + times(12, "nullif(") + "a" + times(12, ", 1)") + " from (select 1 a)"},
	{"chains of constants", "select " + each(40, format(times(59, "1+")+"1"))},
	{"chains of dates", "select " + each(12, format("date '2020-01-01'"+times(45, " + interval 1 day")))},
	{"a chain of columns", "select " + times(195, "x+") + "x from (select 1 x)"},
	{"a thousand chains of constants", "select " + each(900, format(times(10, "1+")+"1"))},
	{"CUBE of ten", "select 1 from (select " + each(10, format("1 a#")) + ") group by cube(" + each(10, format("a#")) + ")"},
	{"190 derived tables in each other", "select * from " + times(90, "(select * from ") + "(select 1)" + times(90, ")")},
	{"66 subqueries in each other", "select " + times(60, "(select ") + "x" + times(60, ")") + " from (select 1 x)"},
	{"190 joins", "select * from (select 1 x) a0" + times(90, " join (select 1 x) using (x)")},
	{"190 cross joins", "select 1 from " + each(90, format("(select 1) a#"))},
	{"5,000 arms of UNION", "select 1" + times(3000, " union all select 1")},
	{"WITH clauses that use the last one twice", chain(11, "select 1 a", "select x.a from c# x, c# y") + " select * from c11"},
	{"a value of a megabyte", "select 1 limit length(repeat('x', 1000000))"},
	{"a list of 130,000", "select unnest(range(130000))"},
	{"a lambda over 60,000", "select list_transform(range(30000), x -> x * 2 + 1)"},
	{"levenshtein of 3,000 by 3,000", "select levenshtein(repeat('a', 3000), repeat('b', 3000))"},
	{"ten million rows", "select * from range(10000000)"},
	{"SUMMARIZE", "summarize (select " + each(400, format("1 a#")) + ")"},
}

// cpuTime gives the processor time that this process has used, which other work on
// the machine does not change.
func cpuTime(t *testing.T) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestLargestAllowed: what just passes the gate binds within two seconds, the bind's
// deadline, and 400 MB.
func TestLargestAllowed(t *testing.T) {
	p := newParser(t)
	for _, c := range largest {
		t.Run(c.name, func(t *testing.T) {
			tree, err := check(p, c.sql)
			if err != nil {
				t.Fatalf("%v; the text must be one that passes", verdict(err))
			}
			runtime.GC()
			before, start := rssKB(t), cpuTime(t)
			refusal := p.bindError(t, tree.SQL)
			took, grown := cpuTime(t)-start, rssKB(t)-before
			t.Logf("%d bytes of text bound in %v of CPU time, %d KB more resident", len(c.sql), took.Round(time.Millisecond), grown)
			if refusal != "" {
				t.Errorf("not bound: %.300s", refusal)
			}
			if took > 2*time.Second || grown > 400<<10 {
				t.Errorf("took %v and %d KB", took, grown)
			}
		})
	}
}
