package mutants

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/gotest"
	"github.com/lianji/lianji/internal/safego"
)

// Guard is something that keeps what is hidden hidden, and the breaks that switch it
// off together.
type Guard struct {
	Name    string
	Line    int      // in the list, for messages
	Package string   // whose tests are to notice; empty for that of the run
	Tests   []string // that are tried first; at least one of them is to notice
	Breaks  []Mutant // File, Old and New alone
}

// ParseGuards reads a list: blocks divided by blank lines, each of a line "guard:", if
// need be a line "package:", a line "tests:" with names divided by blanks, and one or more
// times the lines "file:", "old:" and "new:" in this order. Lines that start with # are
// comments.
func ParseGuards(text string) ([]Guard, error) {
	var list []Guard
	var g *Guard
	finish := func() error {
		if g == nil {
			return nil
		}
		for _, b := range g.Breaks {
			if b.Old == "" || b.Old == b.New {
				return fmt.Errorf("line %d: %s: a break needs file:, old: and new:, and the last two differ", g.Line, g.Name)
			}
		}
		if g.Name == "" || len(g.Tests) == 0 || len(g.Breaks) == 0 {
			return fmt.Errorf("line %d: a block needs guard:, tests: and a break", g.Line)
		}
		list, g = append(list, *g), nil
		return nil
	}
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			if err := finish(); err != nil {
				return nil, err
			}
			continue
		case strings.HasPrefix(line, "#"):
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		if g == nil {
			g = &Guard{Line: i + 1}
		}
		last := len(g.Breaks) - 1
		switch {
		case key == "guard":
			g.Name = value
		case key == "package":
			g.Package = value
		case key == "tests":
			g.Tests = strings.Fields(value)
		case key == "file":
			g.Breaks = append(g.Breaks, Mutant{Line: i + 1, File: value})
		case key == "old" && last >= 0:
			g.Breaks[last].Old = value
		case key == "new" && last >= 0:
			g.Breaks[last].New = value
		default:
			return nil, fmt.Errorf("line %d: not a key of its block: %q", i+1, line)
		}
	}
	if err := finish(); err != nil {
		return nil, err
	}
	return list, nil
}

// suite is the package whose tests are to notice, in a copy of the tree.
type suite struct {
	dir, pkg string
	env      []string // of the go command that builds
	out      io.Writer
	whole    string // its test binary with every guard in its place

	mu      sync.Mutex // over what follows
	checked bool       // whether all tests were seen to pass
	green   error
}

// RunGuards switches off one guard after another, builds the tests of its package, pkg
// where it names none, over a copy of the tree at root, and writes on out which of them
// fail: of those that the guard names, and of all of them where none of these does. What
// fails is run again, and counts when it fails again: some tests measure time. The error
// lists the guards that no test noticed or that could not be tried.
func RunGuards(root, pkg string, list []Guard, out io.Writer) error {
	dirs, remove, err := copies(root, 1)
	defer remove()
	if err != nil {
		return err
	}
	env, remove, err := cache()
	defer remove()
	if err != nil {
		return err
	}
	list = slices.Clone(list)
	var errs []error
	named := map[string][]string{} // by package
	for i, g := range list {
		_, err := g.apply(dirs[0])
		errs = append(errs, err)
		list[i].Package = cmp.Or(g.Package, pkg)
		named[list[i].Package] = append(named[list[i].Package], g.Tests...)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	suites := map[string]*suite{}
	for i, pkg := range slices.Sorted(maps.Keys(named)) {
		s := &suite{dir: dirs[0], env: env, pkg: pkg, out: out}
		suites[pkg] = s
		if s.whole, err = s.build(filepath.Join(s.dir, fmt.Sprintf("guards%d.test", i)), ""); err != nil {
			return err
		}
		slices.Sort(named[pkg])
		if err := s.unbroken(slices.Compact(named[pkg])); err != nil {
			return err
		}
	}
	next := make(chan int, len(list))
	for i := range list {
		next <- i
	}
	close(next)
	noticed := make([][]string, len(list))
	errs = make([]error, len(list))
	var mu sync.Mutex // over out
	workers, _ := safego.WithContext(context.Background())
	for range min(runtime.NumCPU(), len(list)) {
		workers.Go(func() error {
			for i := range next {
				begun := time.Now()
				noticed[i], errs[i] = suites[list[i].Package].try(list[i])
				mu.Lock()
				fmt.Fprintf(out, "%5.0fs  %s: %s\n", time.Since(begun).Seconds(), list[i].Name, verdict(noticed[i], errs[i]))
				mu.Unlock()
			}
			return nil
		})
	}
	if err := workers.Wait(); err != nil {
		return err
	}
	table(out, list, noticed, errs)
	return errors.Join(errs...)
}

func verdict(noticed []string, err error) string {
	if err != nil {
		return "NOT NOTICED: " + err.Error()
	}
	return strings.Join(noticed, " ")
}

// table writes guard x tests.
func table(out io.Writer, list []Guard, noticed [][]string, errs []error) {
	width, missed := 0, 0
	for _, g := range list {
		width = max(width, len([]rune(g.Name)))
	}
	fmt.Fprintf(out, "\n%-*s  tests that fail without it\n", width, "guard")
	for i, g := range list {
		text := strings.Join(noticed[i], ", ")
		if errs[i] != nil {
			missed, text = missed+1, "NONE"
		}
		fmt.Fprintf(out, "%-*s  %s\n", width, g.Name, text)
	}
	fmt.Fprintf(out, "\n%d guards, %d of them missed by no test\n", len(list), missed)
}

// apply gives the texts of the guard's files in dir with the breaks in them.
func (g Guard) apply(dir string) (map[string]string, error) {
	texts := map[string]string{}
	for _, b := range g.Breaks {
		text, ok := texts[b.File]
		if !ok {
			whole, err := os.ReadFile(filepath.Join(dir, b.File))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", g.Name, err)
			}
			text = string(whole)
		}
		broken, err := b.Apply(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.Name, err)
		}
		texts[b.File] = broken
	}
	return texts, nil
}

// try gives the tests that fail without the guard.
func (s *suite) try(g Guard) ([]string, error) {
	broken, err := g.apply(s.dir)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lianji-guard-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := s.overlay(dir, broken)
	if err != nil {
		return nil, err
	}
	binary, err := s.build(filepath.Join(dir, "guards.test"), overlay)
	if err != nil {
		return nil, err
	}
	noticed, err := s.failing(binary, anyOf(g.Tests))
	if err != nil || len(noticed) > 0 {
		return noticed, err
	}
	if err := s.allGreen(); err != nil {
		return nil, err
	}
	if noticed, err = s.failing(binary, "^Test"); err == nil && len(noticed) == 0 {
		err = errors.New("all tests pass without it")
	}
	return noticed, err
}

// anyOf matches some tests alone.
func anyOf(tests []string) string { return "^(" + strings.Join(tests, "|") + ")$" }

// overlay writes into dir what go build takes in the place of some of the copy's files,
// and gives the file that says so.
func (s *suite) overlay(dir string, texts map[string]string) (string, error) {
	var to struct{ Replace map[string]string }
	to.Replace = map[string]string{}
	for name, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("%d.go", len(to.Replace)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		to.Replace[filepath.Join(s.dir, name)] = path
	}
	text, err := json.Marshal(to)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, text, 0o600)
}

// build makes the test binary, over an overlay if there is one. Without paths of
// this copy, packages that did not change are found again by the next run, whose copy has
// another place.
func (s *suite) build(binary, overlay string) (string, error) {
	cmd := exec.Command("go", "test", "-c", "-tags=duckdb_arrow", "-vet=off", "-trimpath", "-overlay="+overlay, "-o="+binary, s.pkg)
	cmd.Dir, cmd.Env = s.dir, s.env
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("it does not compile, which proves nothing\n%s", said)
	}
	return binary, err
}

// guardTimeout is for all tests of a package, of which some may hang.
const guardTimeout = "5m"

// failing runs the tests that match, and gives those that fail twice.
func (s *suite) failing(binary, pattern string) ([]string, error) {
	once, err := s.run(binary, pattern, guardTimeout)
	if err != nil || len(once.failed()) == 0 {
		return nil, err
	}
	again, err := s.run(binary, anyOf(once.failed()), guardTimeout)
	return again.failed(), err
}

// failed gives the tests that did not pass, in order; what a crash or a time-out ended
// did not.
func (o *outcome) failed() (tests []string) {
	for test, state := range o.state {
		if (state == "fail" || state == "run" && !o.passed) && !strings.Contains(test, "/") {
			tests = append(tests, test)
		}
	}
	slices.Sort(tests)
	return tests
}

// run runs the tests of a binary that match.
func (s *suite) run(binary, pattern, timeout string) (*outcome, error) {
	o := &outcome{state: map[string]string{}}
	passed, err := gotest.RunBinary(filepath.Join(s.dir, s.pkg), s.env, binary, []string{"-test.timeout=" + timeout, "-test.run=" + pattern}, &o.said, o.see)
	o.passed = passed
	return o, err
}

// unbroken requires that the named tests are there and pass with every guard in its
// place, or all of the package when none is named.
func (s *suite) unbroken(tests []string) error {
	which := "^Test"
	if len(tests) > 0 {
		which = anyOf(tests)
	}
	begun := time.Now()
	o, err := s.run(s.whole, which, greenTimeout)
	if err != nil {
		return err
	}
	var errs []error
	ran := 0
	for test, state := range o.state {
		if !strings.Contains(test, "/") {
			ran++
		}
		if state != "pass" {
			errs = append(errs, fmt.Errorf("%s: %s in the unbroken tree", test, state))
		}
	}
	for _, test := range tests {
		if o.state[test] == "" {
			errs = append(errs, fmt.Errorf("%s: not run in the unbroken tree", test))
		}
	}
	if len(o.state) == 0 {
		errs = append(errs, errors.New("no test in the unbroken tree"))
	}
	if len(errs) > 0 {
		return fmt.Errorf("%s: %w\n%s", s.pkg, errors.Join(errs...), o.said.String())
	}
	fmt.Fprintf(s.out, "%5.0fs  %s: %d tests in the unbroken tree\n", time.Since(begun).Seconds(), s.pkg, ran)
	return nil
}

// allGreen requires once that all tests pass with every guard in its place.
func (s *suite) allGreen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.checked {
		s.checked, s.green = true, s.unbroken(nil)
	}
	return s.green
}
