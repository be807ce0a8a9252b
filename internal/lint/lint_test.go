package lint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lianji/lianji/internal/lint"
)

func repository(t *testing.T) (string, lint.Tree) {
	t.Helper()
	root, err := lint.Root()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := lint.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree) < 20 {
		t.Fatalf("only %d files: the rules would see nothing", len(tree))
	}
	return root, tree
}

func report(t *testing.T, found []lint.Finding) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

func TestRepositoryText(t *testing.T) {
	_, tree := repository(t)
	for name, rule := range map[string]func(lint.Tree) []lint.Finding{
		"gofmt":      lint.Gofmt,
		"source":     lint.Source,
		"words":      lint.Words,
		"connectors": lint.Connectors,
		"doc paths":  lint.DocPaths,
	} {
		t.Run(name, func(t *testing.T) { report(t, rule(tree)) })
	}
}

func TestRepositorySizes(t *testing.T) {
	_, tree := repository(t)
	found, median := lint.Sizes(tree)
	report(t, found)
	t.Logf("median source file: %d lines", median)
}

func TestRepositoryImports(t *testing.T) {
	root, _ := repository(t)
	packages, err := lint.Packages(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 5 {
		t.Fatalf("only %d packages: the rules would see nothing", len(packages))
	}
	report(t, lint.Imports(packages))
}

func TestRepositoryVet(t *testing.T) {
	root, _ := repository(t)
	if err := lint.Vet(root, "./..."); err != nil {
		t.Error(err)
	}
}

func TestRepositoryStaticcheck(t *testing.T) {
	root, _ := repository(t)
	if err := lint.Staticcheck(root, "./..."); err != nil {
		t.Error(err)
	}
}

func TestRepositoryNeedsTag(t *testing.T) {
	root, _ := repository(t)
	if _, err := os.Stat(filepath.Join(root, "cmd", "lianji")); err != nil {
		t.Skip("there is no cmd/lianji yet")
	}
	said, failed := lint.WithoutTag(root, "./cmd/lianji")
	if !failed {
		t.Fatal("cmd/lianji builds without the tag")
	}
	report(t, lint.NamesTag(said))
}
