package mutants

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

// Guard is something that keeps what is hidden hidden, and the breaks that switch it
// off together.
type Guard struct {
	Name     string
	Line     int      // in the list, for messages
	Packages []string // whose tests are to notice; at least one of them does
	Breaks   []Mutant // File, Old and New alone
}

// ParseGuards reads a list: blocks divided by blank lines, each of a line "guard:" and
// one or more times the lines "file:", "old:" and "new:" in this order. A line
// "packages:" names those whose tests are run, divided by blanks; without one it is
// usual. Lines that start with # are comments.
func ParseGuards(text, usual string) ([]Guard, error) {
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
		if g.Name == "" || len(g.Breaks) == 0 {
			return fmt.Errorf("line %d: a block needs guard: and a break", g.Line)
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
			g = &Guard{Line: i + 1, Packages: strings.Fields(usual)}
		}
		last := len(g.Breaks) - 1
		switch {
		case key == "guard":
			g.Name = value
		case key == "packages":
			g.Packages = strings.Fields(value)
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

// RunGuards switches off one guard after another in copies of the tree at root, runs
// all tests of its packages that match pattern, and writes on out which of them failed.
// The error lists the guards that no test noticed or that could not be tried.
func RunGuards(root string, list []Guard, pattern string, out io.Writer) error {
	dirs, remove, err := copies(root, len(list))
	defer remove()
	if err != nil {
		return err
	}
	var errs []error
	for _, g := range list {
		_, err := g.apply(dirs[0])
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := unbroken(dirs[0], list, pattern, out); err != nil {
		return err
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
	for _, dir := range dirs {
		workers.Go(func() error {
			for i := range next {
				begun := time.Now()
				noticed[i], errs[i] = list[i].try(dir, pattern)
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
func (g Guard) try(dir, pattern string) (noticed []string, err error) {
	broken, err := g.apply(dir)
	if err != nil {
		return nil, err
	}
	for file, text := range broken {
		path := filepath.Join(dir, file)
		whole, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.WriteFile(path, whole, 0o644)) }()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	var said strings.Builder
	for _, pkg := range g.Packages {
		o := outcome{state: map[string]string{}}
		if err := o.run(dir, pkg, pattern, guardTimeout); err != nil {
			return nil, err
		}
		if o.uncompiled {
			return nil, fmt.Errorf("it does not compile, which proves nothing\n%s", o.said.String())
		}
		said.WriteString(o.said.String())
		for test, state := range o.state {
			// "run": a crash or a time-out ended it.
			if (state == "fail" || state == "run" && !o.passed) && !strings.Contains(test, "/") {
				noticed = append(noticed, test)
			}
		}
	}
	slices.Sort(noticed)
	if len(noticed) == 0 {
		return nil, errors.New("all tests pass without it")
	}
	return noticed, nil
}

// guardTimeout is for all tests of a package, of which some may hang.
const guardTimeout = "5m"

// unbroken requires that all tests pass with every guard in its place.
func unbroken(dir string, list []Guard, pattern string, out io.Writer) error {
	var packages []string
	for _, g := range list {
		packages = append(packages, g.Packages...)
	}
	slices.Sort(packages)
	var errs []error
	for _, pkg := range slices.Compact(packages) {
		begun := time.Now()
		o := outcome{state: map[string]string{}}
		if err := o.run(dir, pkg, pattern, greenTimeout); err != nil {
			return err
		}
		for test, state := range o.state {
			if state != "pass" {
				errs = append(errs, fmt.Errorf("%s %s: %s in the unbroken tree\n%s", pkg, test, cmp.Or(state, "not run"), o.said.String()))
			}
		}
		if len(o.state) == 0 {
			errs = append(errs, fmt.Errorf("%s: no test in the unbroken tree\n%s", pkg, o.said.String()))
		}
		fmt.Fprintf(out, "%5.1fs  %s: %d tests in the unbroken tree\n", time.Since(begun).Seconds(), pkg, len(o.state))
	}
	return errors.Join(errs...)
}
