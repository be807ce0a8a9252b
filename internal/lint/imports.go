package lint

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// Package is a package of this repository with the imports of its non-test
// files; our own paths are written from the module's root.
type Package struct {
	Path    string
	Imports []string
}

// Packages asks the go command. Packages that do not compile are listed too.
func Packages(root string) ([]Package, error) {
	out, err := output(root, "go", "list", "-e", "-tags="+tag, "-json=ImportPath,Imports", "./...")
	if err != nil {
		return nil, err
	}
	var packages []Package
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		own := Package{Path: ours(p.ImportPath)}
		for _, i := range p.Imports {
			own.Imports = append(own.Imports, ours(i))
		}
		packages = append(packages, own)
	}
}

func ours(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }

// edge is a direction in which no import may go, by whatever way round.
type edge struct {
	from, to func(string) bool
	why      string
}

// in matches packages at or under the given folders.
func in(folders ...string) func(string) bool {
	return func(p string) bool {
		return slices.ContainsFunc(folders, func(f string) bool { return under(p, f) })
	}
}

func not(match func(string) bool) func(string) bool {
	return func(p string) bool { return !match(p) }
}

func both(a, b func(string) bool) func(string) bool {
	return func(p string) bool { return a(p) && b(p) }
}

func either(a, b func(string) bool) func(string) bool {
	return func(p string) bool { return a(p) || b(p) }
}

// engine matches connectors/<engine> and what lies under it.
func engine(p string) bool {
	rest, ok := strings.CutPrefix(p, "connectors/")
	name, _, _ := strings.Cut(rest, "/")
	return ok && isEngine(name)
}

var (
	suite    = in("connectors/connectortest")
	forTests = in("connectors/connectortest", "internal/testpg", "internal/testmaria", "internal/testserver", "internal/testotlp", "internal/waitfor", "internal/lint", "internal/gotest", "internal/mutants", "planner/plantest")
	drivers  = in("github.com/jackc/pgx", "zombiezen.com/go/sqlite", "modernc.org/sqlite", "github.com/duckdb", "github.com/go-sql-driver", "github.com/sijms/go-ora", "github.com/microsoft/go-mssqldb", "database/sql")
	bindings = in("github.com/duckdb/duckdb-go-bindings")
)

// noWay are directions that must not be taken through other packages of ours
// either.
var noWay = []edge{
	{in("catalog"), in("policy", "planner", "connectors", "exec", "server", "cmd", "bench"),
		"catalog is the lowest: schema types and identifiers that everything else may use"},
	{in("policy"), in("planner", "connectors", "exec", "server", "cmd", "bench"),
		"policy says what is granted; what it needs from above it declares as a small interface"},
	{in("planner"), in("connectors", "exec", "server", "cmd", "bench"),
		"planner makes plans from the catalogue and the grants alone, without opening a connection"},
	{both(in("connectors"), not(suite)), in("policy", "planner", "exec", "server", "cmd", "bench"),
		"a connector gets SQL text and values; it decides nothing"},
	{suite, both(in("policy", "planner", "exec", "server", "cmd", "bench"), not(in("planner/dialect", "planner/ir"))),
		"the suite knows the contract and the dialects with their tree, and nothing that runs queries"},
	{in("exec"), in("server", "cmd", "bench"),
		"exec runs a plan for whoever asks"},
	{in("server"), in("cmd", "bench"),
		"cmd wires the doors"},
	{both(not(in("cmd", "scripts", "bench")), not(engine)), engine,
		"only cmd knows every connector; all else knows the contract"},
	{either(in("catalog", "policy", "planner", "exec", "server", "cmd"), engine), forTests,
		"helpers of tests stay out of the program"},
}

// noImport are single imports that must not stand in a file.
var noImport = []edge{
	{not(in("internal/duck")), bindings,
		"internal/duck is the one way to DuckDB's C API"},
	{not(in("cmd")), in("cmd"),
		"a program's main package is no library"},
}

// Imports checks the direction of imports.
func Imports(packages []Package) []Finding {
	graph := map[string][]string{}
	for _, p := range packages {
		graph[p.Path] = p.Imports
	}
	var found []Finding
	report := func(chain []string, why string) {
		found = append(found, Finding{Path: chain[0], Text: "imports " + strings.Join(chain[1:], " -> ") + ": " + why})
	}
	for _, p := range packages {
		ways := waysFrom(graph, p.Path)
		for _, e := range noWay {
			if chain := firstMatch(ways, e.to); e.from(p.Path) && chain != nil {
				report(chain, e.why)
			}
		}
		for _, e := range noImport {
			for _, i := range p.Imports {
				if e.from(p.Path) && e.to(i) {
					report([]string{p.Path, i}, e.why)
				}
			}
		}
		if engine(p.Path) {
			if chain := firstMatch(ways, otherEngine(p.Path)); chain != nil {
				report(chain, "connectors do not know each other")
			}
		}
		if in("planner", "policy")(p.Path) {
			for _, chain := range ways {
				last := chain[len(chain)-1]
				if i := slices.IndexFunc(graph[last], drivers); i >= 0 && last != "internal/duck" {
					report(append(chain, graph[last][i]), "no source driver here; DuckDB only through internal/duck")
				}
			}
		}
	}
	sortFindings(found)
	return found
}

// otherEngine matches connectors but the one that a package belongs to.
func otherEngine(own string) func(string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(own, "connectors/"), "/")
	return both(engine, not(in("connectors/"+name)))
}

// waysFrom returns, for a package and each package of ours that it reaches, the
// shortest chain of imports to it, nearest first.
func waysFrom(graph map[string][]string, start string) [][]string {
	ways := [][]string{{start}}
	seen := map[string]bool{start: true}
	for i := 0; i < len(ways); i++ {
		for _, next := range graph[ways[i][len(ways[i])-1]] {
			if _, own := graph[next]; own && !seen[next] {
				seen[next] = true
				ways = append(ways, append(slices.Clone(ways[i]), next))
			}
		}
	}
	return ways
}

// firstMatch returns the first chain of two or more whose end matches.
func firstMatch(ways [][]string, to func(string) bool) []string {
	for _, chain := range ways {
		if len(chain) > 1 && to(chain[len(chain)-1]) {
			return slices.Clone(chain)
		}
	}
	return nil
}
