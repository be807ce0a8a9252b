package exec

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/duck"
)

// idle lists the instances that wait, once none is being opened.
func (p *pool) idle(t *testing.T) []*instance {
	t.Helper()
	p.background.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mu.ready)
}

// left tells in one line what the next statement would find on an instance that an
// earlier one has not made: databases, tables, views, and what they hold.
const left = `SELECT concat_ws(';',
	(SELECT string_agg(database_name, ',' ORDER BY database_name) FROM duckdb_databases()),
	(SELECT count(*) FROM duckdb_tables()), (SELECT count(*) FROM duckdb_views() WHERE NOT internal),
	(SELECT count(*) FROM duckdb_temporary_files()), (SELECT count(*) FROM duckdb_prepared_statements()),
	(SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'))`

// An instance runs one statement after another and nothing of one is left for the
// next: neither the views over its streams nor a table into which one was read.
func TestInstancesAreReused(t *testing.T) {
	w := newWorld(t, 1, Options{}) // two streams of one source: one is read into a table
	p := w.engine.pool
	w.byTree()
	const join = "SELECT count(a.姓名), count(*) FROM 公安.人口 a, 公安.户 b WHERE a.f < b.主 / 1000"
	for range 6 {
		if plan := w.same(join); plan == nil || plan.Fallback != "" || len(plan.Streams) != 2 {
			t.Fatal("not the plan that is meant")
		}
		for _, inst := range p.idle(t) {
			if got, err := inst.conn.QueryText(t.Context(), left); err != nil || got != "memory,system,temp;0;0;0;0;0" {
				t.Errorf("left: %s, %v", got, err)
			}
		}
	}
	used := 0
	for _, inst := range p.idle(t) {
		used = max(used, inst.used)
	}
	if used < 3 {
		t.Errorf("an instance ran %d statements at most, of 6", used)
	}
}

// What failed, was given up or left something behind ends with its instance.
func TestInstancesOfFailuresAreNot(t *testing.T) {
	w := newWorld(t, 4, Options{})
	w.byTree()
	p := w.engine.pool
	before := p.idle(t)
	for _, sql := range []string{"SELECT a.姓名::INTEGER FROM 公安.人口 a, 民政.低保 b", "SELECT a.id FROM 公安.人口 a, 民政.低保 b, 公安.户 c"} {
		plan, err := w.plan(sql)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := w.engine.Run(t.Context(), plan)
		if err == nil {
			rows.Next() // a part of the second one's rows
			rows.Release()
		}
	}
	for _, inst := range p.idle(t) {
		if slices.Contains(before, inst) {
			t.Error("it is ready again after a failure")
		}
		before = append(before, inst)
	}
	w.planner = w.planner.ByText()
	if plan := w.same("SELECT max(a.id), count(*) FROM 公安.人口 a JOIN 民政.低保 b USING (id)"); plan == nil || plan.Fallback == "" {
		t.Fatal("not the plan that is meant")
	}
	for _, inst := range p.idle(t) {
		if inst.used > 0 {
			t.Error("it is ready again after a statement that attached databases")
		}
	}
}

// No more instances are kept than statements may run, none for ever, none at the end.
func TestPoolIsBounded(t *testing.T) {
	p := newPool(duck.Options{MemoryBytes: 64 << 20, Scans: true}, 2)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var taken []*instance
	for range 4 {
		inst, err := p.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, inst)
	}
	for _, inst := range taken {
		p.give(inst)
	}
	if n := len(p.idle(t)); n != 2 {
		t.Errorf("%d are ready, want 2", n)
	}
	inst, err := p.take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	inst.used = mostUses - 1
	p.give(inst)
	if slices.Contains(p.idle(t), inst) {
		t.Errorf("ready after %d statements", mostUses)
	}
	p.close()
	if n := len(p.idle(t)); n != 0 {
		t.Errorf("%d are ready after the end", n)
	}
}
