package exec

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// used gives what statements have of the sources s1 and s2.
func (w *world) used() [2]SourceLoad {
	w.t.Helper()
	of := w.engine.Load(w.t.Context()).Sources
	if len(of) != 2 {
		w.t.Fatalf("%+v", of)
	}
	return [2]SourceLoad(of)
}

// begun runs a statement and leaves its rows open.
func (w *world) begun(sql string) *Rows {
	w.t.Helper()
	p, err := w.plan(sql)
	if err != nil {
		w.t.Fatal(err)
	}
	rows, err := w.engine.Run(w.t.Context(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(rows.Release)
	return rows
}

// What statements have of a source's connections, and who waits for some, is known while
// they run and no longer.
func TestLoadOfSources(t *testing.T) {
	w := newWorld(t, 2, Options{})
	idle := [2]SourceLoad{{Source: "s1"}, {Source: "s2"}}
	if got := w.used(); got != idle {
		t.Errorf("before: %+v", got)
	}
	straight := w.begun("SELECT id FROM 公安.人口")
	join := w.begun("SELECT a.id FROM 公安.人口 a, 民政.低保 b")
	if got := w.used(); got != [2]SourceLoad{{Source: "s1", Taken: 2}, {Source: "s2", Taken: 1}} {
		t.Errorf("two run: %+v", got)
	}
	p, err := w.plan("SELECT id FROM 公安.户")
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	third := safego.Run(func() error {
		_, err := w.engine.Run(ctx, p)
		return err
	})
	waitfor.True(t, time.Second, "the third to wait", func() bool {
		return w.used() == [2]SourceLoad{{Source: "s1", Taken: 2, Waiting: 1}, {Source: "s2", Taken: 1}}
	})
	leave()
	if err := <-third; err == nil {
		t.Error("it did not wait")
	}
	if got := w.used(); got[0].Waiting != 0 || got[0].Taken != 2 {
		t.Errorf("who waited left: %+v", got)
	}
	straight.Release()
	straight.Release()
	join.Release()
	if got := w.used(); got != idle {
		t.Errorf("after: %+v", got)
	}
	both := w.begun("SELECT a.id FROM 公安.人口 a, 公安.户 b")
	if got := w.used(); got[0] != (SourceLoad{Source: "s1", Taken: 2}) {
		t.Errorf("two of one source: %+v", got)
	}
	both.Release()
	// Three streams, two connections: they share one.
	shared := w.begun("SELECT a.id FROM 公安.人口 a, 公安.户 b, 公安.户 c")
	if got := w.used(); got[0] != (SourceLoad{Source: "s1", Taken: 1}) {
		t.Errorf("shared: %+v", got)
	}
	shared.Release()
	if got := w.used(); got != idle {
		t.Errorf("at the end: %+v", got)
	}
}

// The memory that running statements may take is told, and what DuckDB holds, also while
// it computes.
func TestLoadOfMemory(t *testing.T) {
	const share = 64 << 20
	w := newWorld(t, 4, Options{MaxRunning: 2, MemoryBytes: 2 * share})
	p := w.engine.pool
	p.background.Wait()
	before := w.engine.Load(t.Context())
	if before.Memory.Reserved != 0 || before.Memory.Limit != 2*share || before.Memory.Held < 0 || before.Running != 0 {
		t.Errorf("before: %+v", before)
	}
	// The right side of the join stays in memory while the left one is read.
	rows := w.begun("SELECT a.id, b.l FROM 公安.人口 a, 公安.户 b WHERE a.f < b.id")
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	for range 10 { // its threads compute ahead
		if now := w.engine.Load(t.Context()); now.Memory.Reserved != share || now.Memory.Held <= before.Memory.Held || now.Memory.Held > share || now.Running != 1 {
			t.Fatalf("while one runs: %+v, before: %+v", now, before)
		}
	}
	rows.Release()
	if after := w.engine.Load(t.Context()); after.Memory.Reserved != 0 || after.Memory.Held < 0 || after.Running != 0 {
		t.Errorf("after: %+v", after)
	}
	w.byTree()
	w.same("SELECT count(*) FROM 公安.人口 a, 民政.低保 b")
	if m := w.engine.Load(t.Context()).Memory; m.Reserved != 0 {
		t.Errorf("after one whose instance is used again: %+v", m)
	}
	gone, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.discard(gone)
	if held, err := gone.held(t.Context()); held != 0 || err != nil {
		t.Errorf("one that is gone: %d, %v", held, err)
	}
	if ready := p.idle(t); len(p.mu.all) != len(ready) {
		t.Errorf("%d instances are counted, %d are open", len(p.mu.all), len(ready))
	}
	if m := w.measured(t, "SELECT count(*) FROM 公安.人口 a, 公安.户 b"); m.Reserved != 0 {
		t.Errorf("after a statement that was measured: %+v", m)
	}
}

// measured gives the memory after an EXPLAIN ANALYZE.
func (w *world) measured(t *testing.T, sql string) MemoryLoad {
	t.Helper()
	plan, err := w.plan(sql)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.engine.Analyze(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	return w.engine.Load(t.Context()).Memory
}

// Where DuckDB does not answer, nothing is told of what it holds, and whoever asks is not
// kept for it.
func TestLoadOfTheDeaf(t *testing.T) {
	w := newWorld(t, 4, Options{})
	p := w.engine.pool
	ready := p.idle(t)
	if len(ready) != 1 {
		t.Fatalf("%d instances", len(ready))
	}
	ready[0].ends.Lock()
	asked := time.Now()
	var both []<-chan error
	held := make([]int64, 2)
	for i := range held {
		both = append(both, safego.Run(func() error {
			held[i] = w.engine.Load(t.Context()).Memory.Held
			return nil
		}))
	}
	for _, one := range both {
		if err := <-one; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("kept for %s", took)
	}
	if !slices.Equal(held, []int64{-1, -1}) {
		t.Errorf("told of the deaf: %d", held)
	}
	ready[0].ends.Unlock()
	waitfor.True(t, time.Second, "the instance to answer", func() bool { return w.engine.Load(t.Context()).Memory.Held >= 0 })
}

// Instances that end meanwhile are no trouble for whoever asks, nor is he for them.
func TestLoadWhileInstancesEnd(t *testing.T) {
	w := newWorld(t, 4, Options{MaxRunning: 2})
	p, err := w.plan("SELECT a.id FROM 公安.人口 a, 民政.低保 b")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	asks := safego.Run(func() error {
		for ctx.Err() == nil {
			w.engine.Load(ctx)
		}
		return nil
	})
	for range 20 {
		rows, err := w.engine.Run(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		rows.Next()
		rows.Release() // given up, so its instance goes
	}
	end()
	if err := <-asks; err != nil {
		t.Error(err)
	}
	if m := w.engine.Load(t.Context()).Memory; m.Reserved != 0 {
		t.Errorf("at the end: %+v", m)
	}
}
