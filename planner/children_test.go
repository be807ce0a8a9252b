package planner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/process"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/planner/dialect"
)

// TestMain lets this program be a binder process, as the gateway's own program is one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == BinderRole {
		if err := ServeBinder(os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func newChildren(t *testing.T) *Children {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := NewChildren("Asia/Shanghai", self, BinderRole)
	t.Cleanup(b.Close)
	return b
}

// wideText takes DuckDB many seconds to bind, and then a 20 MB plan.
var wideText = func() string {
	text := "WITH c0 AS (SELECT 1 AS a, 2 AS b)"
	for i := range 6 {
		text += fmt.Sprintf(", c%d AS (SELECT *,*,*,*,*,*,*,*,*,* FROM c%d)", i+1, i)
	}
	return text + " SELECT * FROM c6"
}()

// memoryOf gives a field of a process's status in KiB, such as VmRSS; 0 when it is gone.
func memoryOf(pid int, field string) (kib int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	return kib
}

// What takes seconds or gigabytes when it is bound, were the gate to let it pass, ends
// in time, takes nothing of this process, and the next bind is as any other.
func TestExpensiveBinds(t *testing.T) {
	b := newChildren(t)
	plain := BindRequest{SQL: "SELECT 1 AS one", PlanToo: true}
	if _, err := b.Bind(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"SELECT 1 LIMIT length(repeat('x', 2000000000))",
		"SELECT 1 WHERE length(repeat('x', 2000000000)) > 1",
		"SELECT unnest(range(100000000))",
		wideText,
	} {
		before := memoryOf(os.Getpid(), "VmRSS")
		done := safego.Run(func() error {
			_, err := b.Bind(t.Context(), BindRequest{SQL: sql, PlanToo: true})
			return err
		})
		ended := false
		waitfor.True(t, bindDeadline+time.Second, "the end of an expensive bind", func() bool {
			select {
			case err := <-done:
				var be *BindError
				if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &be) {
					t.Errorf("%.60s: %v", sql, err)
				}
				ended = true
			default:
			}
			return ended
		})
		if more := memoryOf(os.Getpid(), "VmRSS") - before; more > 200<<10 {
			t.Errorf("%.60s: this process has %d KiB more", sql, more)
		}
		waitfor.True(t, killAfter, "its process to be free, or gone", func() bool { return len(b.free) == binderCount })
		for range binderCount { // each of the processes, or what came in its place
			if bound, err := b.Bind(t.Context(), plain); err != nil || len(bound.Columns) != 1 {
				t.Errorf("after %.60s: %v", sql, err)
			}
		}
	}
}

// A process that never answers is killed.
func TestSilentBinder(t *testing.T) {
	p, err := process.Start("/bin/sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	defer p.End()
	asked := safego.Run(func() error {
		_, err := exchange(p, bindAsk{SQL: "SELECT 1", Tree: true}, 1, make(chan frame, 1))
		return err
	})
	waitfor.True(t, killAfter+time.Second, "the end of a question", func() bool { return len(asked) > 0 })
	if <-asked == nil {
		t.Error("a process that says nothing has answered")
	}
}

// A process that is killed, before or in the middle of its work, is replaced.
func TestKilledBinder(t *testing.T) {
	b := newChildren(t)
	c, err := b.start()
	if err != nil {
		t.Fatal(err)
	}
	for range binderCount { // no other process takes the question
		if old := <-b.free; old != nil {
			old.End()
		}
	}
	// One that is gone before it is asked is replaced, and nobody hears of it.
	c.Kill()
	b.free <- c
	if _, err := b.Bind(t.Context(), BindRequest{SQL: "SELECT 1", PlanToo: true}); err != nil {
		t.Errorf("after the process was killed: %v", err)
	}
	c = <-b.free
	failed := safego.Run(func() error {
		_, err := b.Bind(t.Context(), BindRequest{SQL: wideText, PlanToo: true})
		return err
	})
	b.free <- c
	waitfor.True(t, time.Second, "the question to be on its way", func() bool { return len(b.free) == 0 })
	c.Kill()
	// Another process has tried it, in vain.
	if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the bind of a process that was killed: %v", err)
	}
	b.free <- nil
	for range binderCount {
		if tree, err := b.ParseTree(t.Context(), "SELECT 1"); err != nil || !strings.Contains(tree, "SELECT_NODE") {
			t.Errorf("after it: %v", err)
		}
	}
}

// A binder process knows nothing of its gateway's environment, and does not outlive
// it, also when it has not come to the end of its work.
func TestBinderProcessEnds(t *testing.T) {
	t.Setenv("STORE_PASSWORD", "hunter2")
	for _, busy := range []bool{false, true} {
		b := newChildren(t)
		c, err := b.start()
		if err != nil {
			t.Fatal(err)
		}
		pid := c.ID()
		ask := bindAsk{SQL: "SELECT 1", Tree: true}
		var told bindTold
		if err := c.Ask(ask, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Answer(&told); err != nil {
			t.Fatal(err)
		}
		if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err != nil || len(env) > 0 {
			t.Errorf("its environment has %d bytes, %v", len(env), err)
		}
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		if i := strings.Index(string(limits), "Max address space"); err != nil || i < 0 || strings.Contains(string(limits[i:i+60]), "unlimited") {
			t.Errorf("its address space has no limit: %v", err)
		}
		if busy {
			if err := c.Ask(bindAsk{SQL: wideText, Plan: true}, ""); err != nil {
				t.Fatal(err)
			}
		}
		ended := safego.Run(c.Close)
		waitfor.True(t, time.Second, "the end of the process", func() bool { return len(ended) > 0 })
	}
}

// A program that is none, or that answers otherwise, is an error and nothing else.
func TestNoBinder(t *testing.T) {
	for _, command := range [][]string{{"/nonexistent"}, {"/bin/true"}, {"/bin/cat"}, {"/bin/echo", strings.Repeat("x", 20)}} {
		b := NewChildren("UTC", command...)
		for range binderCount {
			if _, err := b.Bind(t.Context(), BindRequest{SQL: "SELECT 1", PlanToo: true}); err == nil {
				t.Errorf("%s answers a bind", command[0])
			}
			if _, err := b.ParseTree(t.Context(), "SELECT 1"); err == nil {
				t.Errorf("%s answers", command[0])
			}
		}
		b.Close()
	}
	if out, err := exec.Command(os.Args[0], BinderRole, "No/Zone").CombinedOutput(); err == nil {
		t.Errorf("a zone that there is not: %s", out)
	}
}

// A planner over processes makes the plans that one in this process makes.
func TestChildrenPlanTheSame(t *testing.T) {
	own := NewInProcess("Asia/Shanghai")
	defer own.Close()
	none := func(string) dialect.Dialect { return nil }
	a, b := New(own, none), New(newChildren(t), none)
	for _, sql := range []string{"SELECT 1 AS a, [1, 2] AS l", "SELECT ? + 1", "SELECT $x::DATE", "SELECT zzz", "SELECT FROM", "SELECT current_date, now()", "SELECT 1e400"} {
		x, errX := a.Prepare(t.Context(), sql, nil, Options{})
		y, errY := b.Prepare(t.Context(), sql, nil, Options{})
		if fmt.Sprint(errX) != fmt.Sprint(errY) {
			t.Errorf("%s: %v, want %v", sql, errY, errX)
			continue
		}
		if errX == nil && (fmt.Sprint(x.Columns, x.Params) != fmt.Sprint(y.Columns, y.Params) || x.Spliced() != y.Spliced()) {
			t.Errorf("%s: %v %v, want %v %v", sql, y.Columns, y.Params, x.Columns, x.Params)
		}
	}
}
