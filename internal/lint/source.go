package lint

import (
	"go/ast"
	"go/format"
	"go/token"
	"strings"
)

// Gofmt finds Go files that gofmt would change.
func Gofmt(tree Tree) []Finding {
	var found []Finding
	for _, f := range tree {
		if !f.isGo() {
			continue
		}
		want, err := format.Source([]byte(f.Text))
		if err != nil {
			found = append(found, Finding{Path: f.Path, Text: err.Error()})
		} else if string(want) != f.Text {
			found = append(found, Finding{Path: f.Path, Text: "not formatted: run gofmt -w"})
		}
	}
	return found
}

// Source checks the rules that the syntax of a Go file shows.
func Source(tree Tree) []Finding {
	var found []Finding
	unparsed := parsed(tree, func(f File, fset *token.FileSet, syntax *ast.File) {
		packages := importNames(syntax)
		report := func(at ast.Node, text string) {
			found = append(found, Finding{Path: f.Path, Line: fset.Position(at.Pos()).Line, Text: text})
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				if !under(f.Path, "internal/safego") {
					report(n, "bare go statement: use internal/safego, which turns a panic into an error")
				}
			case *ast.CallExpr:
				checkCall(f, packages, n, report)
			case *ast.SelectorExpr:
				if isTestCode(f, packages) && from(packages, n, "time") == "Sleep" {
					report(n, "time.Sleep in a test: wait for what is meant with internal/waitfor")
				}
			}
			return true
		})
	})
	return append(found, unparsed...)
}

func checkCall(f File, packages map[string]string, call *ast.CallExpr, report func(ast.Node, string)) {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if fun.Name == "panic" && !f.isGoTest() {
			report(call, "panic: return an error made by internal/errs")
		}
	case *ast.SelectorExpr:
		if strings.HasPrefix(from(packages, fun, "fmt"), "Print") && !f.isGoTest() && !printsToStdout(f.Path) {
			report(call, "fmt.Print outside the command line: write to an io.Writer that was given, or use log/slog")
		}
		if !isTestCode(f, packages) {
			return
		}
		switch fun.Sel.Name {
		case "SkipNow":
			report(call, "a skip without a reason: t.Skip(\"why\")")
		case "Skip", "Skipf":
			if len(call.Args) == 0 || isEmptyText(call.Args[0]) {
				report(call, "a skip without a reason: t.Skip(\"why\")")
			}
		}
	}
}

// printsToStdout: what a user runs, and the programs that only developers run.
func printsToStdout(path string) bool {
	return under(path, "cmd") || under(path, "internal/cli") || under(path, "scripts") || under(path, "bench")
}

// isTestCode tells tests, and packages that are made for tests alone.
func isTestCode(f File, packages map[string]string) bool {
	for _, imported := range packages {
		if imported == "testing" {
			return true
		}
	}
	return f.isGoTest()
}

func isEmptyText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING && len(strings.TrimSpace(strings.Trim(lit.Value, "\"`"))) == 0
}

// from returns the name that a selector takes from the package of an import
// path, or "".
func from(packages map[string]string, sel *ast.SelectorExpr, importPath string) string {
	if ident, ok := sel.X.(*ast.Ident); ok && packages[ident.Name] == importPath {
		return sel.Sel.Name
	}
	return ""
}

// importNames maps the names that a file uses for packages to their paths.
func importNames(syntax *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range syntax.Imports {
		importPath := strings.Trim(spec.Path.Value, "\"`")
		name := importPath[strings.LastIndexByte(importPath, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = importPath
	}
	return names
}

// under tells whether a path is a folder or lies in it.
func under(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
