package mutants

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/gotest"
	"github.com/lianji/lianji/internal/safego"
)

// Limits for one run of go test. A break that makes its test hang is noticed, but
// costs all of the second, so the list should hold few of those.
const (
	greenTimeout = "10m"
	redTimeout   = "90s"
)

// Run copies the tree at root into temporary folders, one for each core, breaks the
// copies by one mutant after another, and says on out what became of them. The error
// lists mutants that no test noticed or that could not be tried.
func Run(root string, list []Mutant, out io.Writer) error {
	dirs, remove, err := copies(root, min(runtime.NumCPU(), len(list)))
	defer remove()
	if err != nil {
		return err
	}
	env, remove, err := cache()
	defer remove()
	if err != nil {
		return err
	}
	dir := dirs[0]
	// All that can be known without a test run is known before the first.
	broken := make([]string, len(list))
	var errs []error
	for i, m := range list {
		text, err := os.ReadFile(filepath.Join(dir, m.File))
		if err == nil {
			broken[i], err = m.Apply(string(text))
		} else {
			err = fmt.Errorf("%s: %w", m, err)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := green(dir, env, list, out); err != nil {
		return err
	}
	errs = append(errs, tryAll(dirs, env, list, broken, out)...)
	failed := len(slices.DeleteFunc(errs, func(err error) bool { return err == nil }))
	fmt.Fprintf(out, "mutants: %d passed, %d failed\n", len(list)-failed, failed)
	return errors.Join(errs...)
}

// copies makes so many copies of the tree. Remove deletes them, also after an error.
func copies(root string, count int) (dirs []string, remove func(), err error) {
	remove = func() {
		for _, dir := range dirs {
			_ = os.RemoveAll(dir)
		}
	}
	for range count {
		dir, err := os.MkdirTemp("", "lianji-mutants-")
		if err != nil {
			return dirs, remove, err
		}
		dirs = append(dirs, dir)
		if err := copyTree(root, dir); err != nil {
			return dirs, remove, err
		}
	}
	return dirs, remove, nil
}

// tryAll tries the mutants in all copies at once, and gives an error for each that
// was not killed.
func tryAll(dirs, env []string, list []Mutant, broken []string, out io.Writer) []error {
	next := make(chan int, len(list))
	for i := range list {
		next <- i
	}
	close(next)
	var mu sync.Mutex // over out and errs
	var errs []error
	workers, _ := safego.WithContext(context.Background())
	for _, dir := range dirs {
		workers.Go(func() error {
			for i := range next {
				begun, verdict := time.Now(), "killed"
				err := try(dir, env, list[i], broken[i])
				mu.Lock()
				if err != nil {
					verdict = "NOT KILLED: " + err.Error()
					errs = append(errs, fmt.Errorf("%s: %w", list[i], err))
				}
				fmt.Fprintf(out, "%5.1fs  %s: %s\n", time.Since(begun).Seconds(), list[i], verdict)
				mu.Unlock()
			}
			return nil
		})
	}
	if err := workers.Wait(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// copyTree copies the files that git tracks or would track, as they stand in
// the work tree.
func copyTree(root, dir string) error {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	names, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("listing the tree by git: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed, and the removal not yet committed
		}
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// green requires that the tests pass and are run at all in the unbroken copy:
// otherwise their going red would prove nothing.
func green(dir string, env []string, list []Mutant, out io.Writer) error {
	tests := map[string][]string{}
	for _, m := range list {
		if !slices.Contains(tests[m.Package], m.Test) {
			tests[m.Package] = append(tests[m.Package], m.Test)
		}
	}
	var errs []error
	for _, pkg := range slices.Sorted(maps.Keys(tests)) {
		begun := time.Now()
		o := outcome{state: map[string]string{}}
		for _, pattern := range patterns(tests[pkg]) {
			if err := o.run(dir, env, pkg, pattern, greenTimeout); err != nil {
				return err
			}
		}
		for _, test := range tests[pkg] {
			if o.state[test] != "pass" {
				errs = append(errs, fmt.Errorf("%s %s: %s in the unbroken tree\n%s", pkg, test, cmp.Or(o.state[test], "not run"), o.said.String()))
			}
		}
		fmt.Fprintf(out, "%5.1fs  %s: %d tests in the unbroken tree\n", time.Since(begun).Seconds(), pkg, len(tests[pkg]))
	}
	return errors.Join(errs...)
}

// try breaks the copy, runs the mutant's test and mends the copy again. It
// returns nil when the test went red.
func try(dir string, env []string, m Mutant, broken string) (err error) {
	path := filepath.Join(dir, m.File)
	whole, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(broken), 0o644); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, whole, 0o644)) }()
	o := outcome{state: map[string]string{}}
	if err := o.run(dir, env, m.Package, pattern(m.Test), redTimeout); err != nil {
		return err
	}
	switch state := o.state[m.Test]; {
	case o.uncompiled:
		return fmt.Errorf("it does not compile, which proves nothing\n%s", o.said.String())
	case state == "fail", state == "run" && !o.passed: // "run": a crash or a time-out ended it
		return nil
	default:
		return fmt.Errorf("the test did not go red: %s", cmp.Or(state, "not run"))
	}
}

// outcome is what became of the tests of some runs.
type outcome struct {
	state      map[string]string // test -> run, pass, fail or skip
	passed     bool
	uncompiled bool
	said       strings.Builder
}

func (o *outcome) run(dir string, env []string, pkg, pattern, timeout string) error {
	args := []string{"-tags=duckdb_arrow", "-vet=off", "-count=1", "-timeout=" + timeout, "-run=" + pattern, pkg}
	passed, err := gotest.Run(dir, env, args, &o.said, o.see)
	o.passed = passed
	return err
}

func (o *outcome) see(e gotest.Event) {
	switch e.Action {
	case "run", "pass", "fail", "skip":
		if e.Test != "" {
			o.state[e.Test] = e.Action
		}
	case "build-fail":
		o.uncompiled = true
	case "output", "build-output":
		o.said.WriteString(e.Output)
	}
}

// pattern matches one test alone.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// patterns match tests in as few runs as there can be: one for all whole tests,
// and one for each subtest.
func patterns(tests []string) []string {
	var list, whole []string
	for _, t := range tests {
		if strings.Contains(t, "/") {
			list = append(list, pattern(t))
		} else {
			whole = append(whole, regexp.QuoteMeta(t))
		}
	}
	if len(whole) > 0 {
		list = append(list, "^("+strings.Join(whole, "|")+")$")
	}
	return list
}
