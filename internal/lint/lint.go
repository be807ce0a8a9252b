// Package lint holds the rules of this repository that a program can check. Its
// test runs them over the tree, as part of make test; every rule has a negative
// test of its own, so that a rule which has stopped seeing anything is seen.
package lint

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	module = "github.com/lianji/lianji"
	tag    = "duckdb_arrow"
)

// Finding is one place that breaks a rule, with what to write instead.
type Finding struct {
	Path string // from the repository's root
	Line int    // 0 when the whole file is meant
	Text string
}

func (f Finding) String() string {
	if f.Line == 0 {
		return f.Path + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text)
}

// File is a file of the repository that holds text.
type File struct {
	Path string
	Text string
}

func (f File) isGo() bool     { return path.Ext(f.Path) == ".go" }
func (f File) isGoTest() bool { return strings.HasSuffix(f.Path, "_test.go") }
func (f File) lines() int     { return strings.Count(f.Text, "\n") }

// generated knows Go's own mark for files that no person edits.
func (f File) generated() bool {
	head, _, _ := strings.Cut("\n"+f.Text, "\npackage ")
	for line := range strings.Lines(head) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "// Code generated ") && strings.HasSuffix(line, " DO NOT EDIT.") {
			return true
		}
	}
	return false
}

// Tree is the repository: files that git tracks or would track.
type Tree []File

// Root finds the repository's folder above the working folder.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working folder")
		}
		dir = parent
	}
}

// Load reads the tree. Files that hold a NUL byte are not text and left out of
// the rules, but their paths count as existing.
func Load(root string) (Tree, error) {
	out, err := output(root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, fmt.Errorf("the lint rules need a git work tree: %w", err)
	}
	var tree Tree
	for name := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and the removal not yet committed
		}
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			text = nil
		}
		tree = append(tree, File{Path: name, Text: string(text)})
	}
	slices.SortFunc(tree, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return tree, nil
}

// output runs a program in a folder; its error holds what the program said.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args[:min(2, len(args))], " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// parsed calls visit with each Go file's syntax tree, and reports files that
// have none.
func parsed(tree Tree, visit func(File, *token.FileSet, *ast.File)) []Finding {
	var found []Finding
	for _, f := range tree {
		if !f.isGo() {
			continue
		}
		fset := token.NewFileSet()
		syntax, err := parser.ParseFile(fset, f.Path, f.Text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			found = append(found, Finding{Path: f.Path, Text: err.Error()})
			continue
		}
		visit(f, fset, syntax)
	}
	return found
}
