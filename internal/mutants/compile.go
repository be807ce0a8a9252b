package mutants

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// compiler checks the types of packages of which some files are changed. It needs no build
// for that: a list of a thousand breaks takes seconds, where go test takes an hour.
type compiler struct {
	root     string
	fset     *token.FileSet
	imports  types.Importer
	packages map[string]*source // by folder from the root
}

// source is a package without its tests, as it stands in the tree.
type source struct {
	path  string
	names []string // of files, from the root
	files []*ast.File
	c     bool            // whether some of them import C, whose types the compiler alone knows
	tests []string        // names of files with tests, from the root
	named map[string]bool // the tests in them, once they are read
}

// newCompiler asks the go command for the packages under root and for what they import.
func newCompiler(root string) (*compiler, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-tags=duckdb_arrow", "-json=ImportPath,Export,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Module", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	listed, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &compiler{root: root, fset: token.NewFileSet(), packages: map[string]*source{}}
	exports := map[string]string{}
	for dec := json.NewDecoder(listed); ; {
		var p struct {
			ImportPath, Export        string
			GoFiles, CgoFiles         []string
			TestGoFiles, XTestGoFiles []string
			Module                    *struct {
				Path string
				Main bool
			}
		}
		if err = dec.Decode(&p); err != nil {
			break
		}
		exports[p.ImportPath] = p.Export
		if p.Module == nil || !p.Module.Main {
			continue
		}
		dir := filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/"))
		s := &source{path: p.ImportPath, c: len(p.CgoFiles) > 0}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			s.names = append(s.names, filepath.Join(dir, name))
		}
		for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			s.tests = append(s.tests, filepath.Join(dir, name))
		}
		c.packages[filepath.Clean(dir)] = s
	}
	if !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, cmd.Wait())
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("the tree does not compile: %w", err)
	}
	c.imports = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	return c, nil
}

// check gives the first reason for which the packages of the changed files, whose texts are
// given by their names from the root, do not compile. Of packages that import C it sees
// what is no Go at all.
func (c *compiler) check(texts map[string]string) error {
	changed := map[string]map[string]string{}
	for name, text := range texts {
		if filepath.Ext(name) != ".go" {
			continue
		}
		dir := filepath.Dir(name)
		if changed[dir] == nil {
			changed[dir] = map[string]string{}
		}
		changed[dir][filepath.Clean(name)] = text
	}
	for dir, texts := range changed {
		s := c.packages[dir]
		if s == nil {
			return fmt.Errorf("%s: no package of this tree", dir)
		}
		if err := c.parse(s); err != nil {
			return err
		}
		files := slices.Clone(s.files)
		for name, text := range texts {
			i := slices.Index(s.names, name)
			if i < 0 {
				return fmt.Errorf("%s: no file of its package", name)
			}
			var err error
			if files[i], err = parser.ParseFile(c.fset, name, text, parser.SkipObjectResolution); err != nil {
				return err
			}
		}
		if s.c {
			continue
		}
		conf := types.Config{Importer: c.imports}
		if _, err := conf.Check(s.path, c.fset, files, nil); err != nil {
			return err
		}
	}
	return nil
}

// parse reads the files of a package once.
func (c *compiler) parse(s *source) error {
	if s.files != nil {
		return nil
	}
	for _, name := range s.names {
		file, err := parser.ParseFile(c.fset, filepath.Join(c.root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			s.files = nil
			return err
		}
		s.files = append(s.files, file)
	}
	return nil
}

// test gives an error where a package has no test of a name; which parts a test has is seen
// by running it alone.
func (c *compiler) test(pkg, name string) error {
	s := c.packages[filepath.Clean(pkg)]
	if s == nil {
		return fmt.Errorf("%s: no package of this tree", pkg)
	}
	if s.named == nil {
		s.named = map[string]bool{}
		for _, name := range s.tests {
			file, err := parser.ParseFile(c.fset, filepath.Join(c.root, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
					s.named[f.Name.Name] = true
				}
			}
		}
	}
	whole, _, _ := strings.Cut(name, "/")
	if !s.named[whole] || !strings.HasPrefix(whole, "Test") && !strings.HasPrefix(whole, "Fuzz") {
		return fmt.Errorf("%s has no test %s", pkg, whole)
	}
	return nil
}

// Compile gives an error that names each mutant and each guard whose breaks do not compile,
// or whose tests are not in their package, pkg where a guard names none: a test that goes red
// for that proves nothing, and one that is not there never does.
func Compile(root, pkg string, list []Mutant, guards []Guard) error {
	c, err := newCompiler(root)
	if err != nil {
		return err
	}
	all := slices.Clone(guards)
	for _, m := range list {
		all = append(all, Guard{Name: m.String(), Line: m.Line, Package: m.Package, Tests: []string{m.Test}, Breaks: []Mutant{m}})
	}
	var errs []error
	for _, g := range all {
		texts, err := g.apply(root)
		if err == nil {
			if err = c.check(texts); err != nil {
				err = fmt.Errorf("%s: it does not compile, which proves nothing: %w", g.Name, err)
			}
		}
		errs = append(errs, err)
		for _, name := range g.Tests {
			if err := c.test(cmp.Or(g.Package, pkg), name); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", g.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}
