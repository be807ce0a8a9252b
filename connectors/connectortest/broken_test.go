package connectortest

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lianji/lianji/internal/safego"
)

// found says for each fault of the fake which check finds it, and by what words.
// Every check must be named here at least once.
var found = []struct{ fault, check, words string }{
	{"wrong type", "types", "is described as"},
	{"no source type", "types", "SourceType"},
	{"days are off by one", "columns", "column \"c_date\""},
	{"unreadable columns are hidden", "types", "does not list column \"v\""},
	{"unreadable columns panic", "types", "must not see one"},
	{"unfit values become NULL", "types", "must be an error"},
	{"values in errors", "types", "holds the value"},
	{"values in details", "types", "holds the value"},
	{"the column is not named", "types", "does not name \"v\""},
	{"wrong code", "unreachable", "code \"source_failed\""},
	{"errors are not ours", "unreachable", "not an *errs.Error"},
	{"source is not named", "unreachable", "does not name the source"},
	{"path in the text", "unreachable", "the text in en holds"},
	{"path in the detail", "unreachable", "detail holds"},
	{"no version", "ping", "want a product"},
	{"ignores the context", "ping", "no error"},
	{"views are left out", "describe", "lists 3 tables, want 4"},
	{"view is a table", "describe", "View is false"},
	{"not null is lost", "describe", "NotNull is false"},
	{"column comments are lost", "describe", "has the comment"},
	{"table comments are lost", "describe", "the comment is"},
	{"key in column order", "describe", "PrimaryKey"},
	{"unique keys are lost", "describe", "Unique is"},
	{"wrong estimate", "describe", "Rows is 300 of 100"},
	{"schemas are merged", "describe", "does not list table"},
	{"describe drifts", "describe", "two calls of Describe differ"},
	{"names are folded", "names", "does not list table|PublishNames|is refused|no column"},
	{"names are not made unique", "names", "stands twice"},
	{"no statistics", "statistics", "has no statistics"},
	{"statistics of what is gone", "statistics", "that is not there"},
	{"nulls are values", "statistics", "that is half NULL: 2000, want about 1000"},
	{"nulls are not counted", "statistics", "the share of NULL: 0, want"},
	{"bounds are text", "statistics", "not known: first and last value"},
	{"shares are percent", "statistics", "not known: frequent values"},
	{"statistics never end", "statistics", "no error"},
	{"examined in vain", "examine", "gives nothing"},
	{"all is denied", "examine", "every one can"},
	{"columns in the table's order", "columns", "row number|is missing|rarely"},
	{"minus zero is zero", "columns", "column \"c_double\""},
	{"infinity is huge", "columns", "+Inf"},
	{"empty text is NULL", "columns", "column \"c_varchar\""},
	{"trailing blanks are cut", "columns", "column \"c_varchar\""},
	{"wrong schema", "columns", "not catalog.ArrowSchema"},
	{"empty tables fail", "empty", "Source conformance failed"},
	{"row limit is ignored", "batches", "rows, limit 7"},
	{"byte limit is ignored", "batches", "bytes in"},
	{"the last row is lost", "batches", "is missing"},
	{"all batches are kept", "memory", "were in use at once"},
	{"no reason", "predicates", "without a reason"},
	{"padding is ignored", "predicates", "called exact"},
	{"case is ignored", "predicates", "called exact and keeps"},
	{"NULL is unequal", "predicates", "called exact and keeps the row that holds NULL"},
	{"IN stops at two", "predicates", "loses the row"},
	{"superset loses rows", "predicates", "called superset and loses"},
	{"large integers are doubles", "predicates", "called exact and keeps the row that holds 9007199254740992"},
	{"only the last predicate holds", "predicate pairs", "together with n > 3"},
	{"two streams at once", "streams", "another stream of the connection is open is no error"},
	{"buffers are used again", "streams", "a retained batch changed|not a sound Arrow array"},
	{"released connections scan", "streams", "a released connection still scans"},
	{"Next after the end", "streams", "Next is true"},
	{"Release hangs", "streams", "has not come back"},
	{"a batch is leaked", "streams", "invalid memory size"},
	{"a goroutine is left", "streams", "goroutines are left"},
	{"Release keeps the place", "streams", "Acquire: "},
	{"statement errors are swallowed", "statement errors", "no error"},
	{"comments end statements", "comment", "0 rows with the comment"},
	{"streams share their rows", "concurrent scans", "two scans at once"},
	{"does not count", "acquire", "beyond the limit of 1"},
	{"Acquire ignores the context", "acquire", "has not come back"},
	{"waits for more than there are", "acquire", "has not come back"},
	{"takes places one by one", "acquire", "has not come back"},
	{"Release gives back twice", "acquire", "gives back two places"},
	{"ignores the context", "cancel", "no error"},
	{"cancel is a failure", "cancel", "code \"source_failed\""},
	{"cancel is not wrapped", "cancel", "does not wrap"},
	{"an early end looks whole", "cancel", "no error"},
	{"slow statements are not stopped", "cancel a slow statement", "has not come back"},
	{"the server goes on", "cancel a slow statement", "to be gone at the source"},
	{"Close leaves scans alone", "close", "no error|has not come back"},
	{"lives after Close", "close", "has not come back"},
	{"second Close fails", "close", "a second Close"},
}

// waits are words of failures that are seen only after waiting.
var waits = []string{"has not come back", "Acquire: ", "to be gone"}

func TestEachFaultIsFound(t *testing.T) {
	patience := prompt
	defer func() { prompt = patience }()
	tried := map[string]bool{}
	for _, f := range found {
		tried[f.check] = true
		t.Run(f.fault+" in "+f.check, func(t *testing.T) {
			i := slices.IndexFunc(checks, func(c check) bool { return c.name == f.check })
			if i < 0 {
				t.Fatalf("no check is named %q", f.check)
			}
			prompt = patience
			if slices.ContainsFunc(waits, func(words string) bool { return strings.Contains(f.words, words) }) {
				prompt = patience / 20 // what never comes need not be waited for so long
			}
			failures := failuresOf(t, checks[i], fakeHarness(f.fault))
			running.Store(0)
			for _, words := range strings.Split(f.words, "|") {
				if slices.ContainsFunc(failures, func(s string) bool { return strings.Contains(s, words) }) {
					return
				}
			}
			t.Errorf("not found; the check says %d things: %.2000q", len(failures), failures)
		})
	}
	for _, c := range checks {
		if !tried[c.name] {
			t.Errorf("no fault shows that check %q can fail", c.name)
		}
	}
}

// recorder is a testing.TB that keeps failures instead of failing.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func failuresOf(t *testing.T, c check, h Harness) []string {
	r := &recorder{TB: t}
	var panicked *safego.PanicError
	if err := <-safego.Run(func() error { c.run(r, h); return nil }); errors.As(err, &panicked) {
		r.keep(panicked.Detail())
	}
	for last := r.pop(); last != nil; last = r.pop() {
		<-safego.Run(func() error { last(); return nil })
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.failures) // a check that hangs may still add to it
}

// pop takes the cleanup that was registered last; nil when there is none.
func (r *recorder) pop() func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cleanups) == 0 {
		return nil
	}
	last := r.cleanups[len(r.cleanups)-1]
	r.cleanups = r.cleanups[:len(r.cleanups)-1]
	return last
}

func (r *recorder) keep(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, s)
}

func (r *recorder) Cleanup(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, fn)
}

func (r *recorder) Helper()                   {}
func (r *recorder) Log(...any)                {}
func (r *recorder) Logf(string, ...any)       {}
func (r *recorder) Error(args ...any)         { r.keep(fmt.Sprintln(args...)) }
func (r *recorder) Errorf(f string, a ...any) { r.keep(fmt.Sprintf(f, a...)) }
func (r *recorder) FailNow()                  { r.keep("FailNow"); exit() }
func (r *recorder) Fatal(args ...any)         { r.keep(fmt.Sprintln(args...)); exit() }
func (r *recorder) Fatalf(f string, a ...any) { r.keep(fmt.Sprintf(f, a...)); exit() }
func (r *recorder) TempDir() string           { return os.TempDir() }

// exit ends the goroutine as testing's FailNow does.
func exit() { runtime.Goexit() }
