package lint

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// connectorFiles are the same in every connector, so that who knows one finds
// the way in all.
var connectorFiles = []string{"connector.go", "errors.go", "scan.go", "types.go"}

// engineFolder returns the folder of the connector that a Go file belongs to,
// or "". Other packages under connectors are the suite and shared helpers.
func engineFolder(file string) string {
	parts := strings.Split(file, "/")
	if len(parts) != 3 || parts[0] != "connectors" || path.Ext(file) != ".go" {
		return ""
	}
	if isEngine(parts[1]) {
		return parts[0] + "/" + parts[1]
	}
	return ""
}

func isEngine(name string) bool { return name != "connectortest" && name != "internal" }

// Connectors checks that every connector has the files that all have.
func Connectors(tree Tree) []Finding {
	has := map[string][]string{}
	for _, f := range tree {
		if folder := engineFolder(f.Path); folder != "" {
			has[folder] = append(has[folder], path.Base(f.Path))
		}
	}
	var found []Finding
	for folder, names := range has {
		for _, want := range connectorFiles {
			if !slices.Contains(names, want) {
				found = append(found, Finding{Path: folder, Text: "a connector without " + want})
			}
		}
	}
	sortFindings(found)
	return found
}

func sortFindings(found []Finding) {
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
}

var (
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mapLine  = regexp.MustCompile(`^(?:    |\t|\| *)?([\w.<>*/-]+/)(?:\s|$)`)
	pathLike = regexp.MustCompile(`^[\w.<>*-]+(/[\w.<>*-]+)*/?$`)
)

// madeByUse are paths that a build or a user makes, and so never in the tree.
var madeByUse = []string{"bin", "lianji-demo", "lianji.yaml", "lianji.db"}

// DocPaths finds paths named in README.md and docs that do not exist: in code
// spans, in links, and at the start of a line of a map in a code block.
func DocPaths(tree Tree) []Finding {
	known := map[string]bool{}
	top := map[string]bool{}
	for _, f := range tree {
		first, _, _ := strings.Cut(f.Path, "/")
		top[first] = true
		for p := f.Path; p != "."; p = path.Dir(p) {
			known[p] = true
		}
	}
	exists := func(p string) bool {
		pattern := placeholder.ReplaceAllString(p, "*")
		for k := range known {
			if ok, err := path.Match(pattern, k); err == nil && ok {
				return true
			}
		}
		return false
	}
	var found []Finding
	for _, f := range tree {
		if f.Path != "README.md" && !(path.Dir(f.Path) == "docs" && path.Ext(f.Path) == ".md") {
			continue
		}
		fenced := false
		for i, line := range strings.Split(f.Text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
				continue
			}
			for _, named := range pathsNamed(line, fenced, path.Dir(f.Path), top) {
				if !exists(named) {
					found = append(found, Finding{Path: f.Path, Line: i + 1, Text: "names " + named + ", which does not exist"})
				}
			}
		}
	}
	return found
}

var placeholder = regexp.MustCompile(`<[^>]*>`)

// pathsNamed returns the paths of this repository that a line of Markdown names.
func pathsNamed(line string, fenced bool, dir string, top map[string]bool) []string {
	var named []string
	add := func(p string) {
		p = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(p, "./"), "..."), "/")
		first, _, _ := strings.Cut(p, "/")
		if p != "" && !slices.Contains(madeByUse, first) {
			named = append(named, p)
		}
	}
	if fenced || strings.HasPrefix(line, "    ") {
		if m := mapLine.FindStringSubmatch(line); m != nil {
			add(m[1])
		}
		return named
	}
	for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
		if span := m[1]; pathLike.MatchString(span) && ofRepository(span, top) {
			add(span)
		}
	}
	for _, m := range link.FindAllStringSubmatch(line, -1) {
		target, _, _ := strings.Cut(m[1], "#")
		if target != "" && !strings.Contains(target, ":") {
			add(path.Join(dir, target))
		}
	}
	return named
}

// ofRepository tells a path of ours from names with a slash or a dot in them,
// such as application/json or agency.resource.
func ofRepository(span string, top map[string]bool) bool {
	first, _, nested := strings.Cut(strings.TrimPrefix(span, "./"), "/")
	switch path.Ext(strings.TrimSuffix(span, "/")) {
	case ".go", ".md", ".sh", ".mod", ".conf":
		return true
	}
	return nested && (top[first] || strings.HasSuffix(span, "/"))
}
