package lint

import (
	"regexp"
	"strings"
)

// forbiddenWord is a word that no file of the repository may hold.
type forbiddenWord struct {
	pattern *regexp.Regexp
	why     string
}

// word joins its parts, so that this file does not hold what it looks for.
func word(why string, parts ...string) forbiddenWord {
	return forbiddenWord{regexp.MustCompile(strings.Join(parts, "")), why}
}

const (
	unfinished = "unfinished: do it, or say in docs what is not supported"
	registry   = "a registry's host: its own client knows it"
	machine    = "a path of one machine"
	process    = "how the work was organised is not part of the program"
)

var forbidden = []forbiddenWord{
	word(unfinished, `\bTO`, `DO\b`),
	word(unfinished, `\bFIX`, `ME\b`),
	word(unfinished, `\bXX`, `X\b`),
	word(registry, `(?i)proxy\.`, `golang\.org`),
	word(registry, `(?i)sum\.`, `golang\.org`),
	word(registry, `(?i)\bpypi\.`, `(org|python\.org)`),
	word(registry, `(?i)python`, `hosted\.org`),
	word(registry, `(?i)\bcrates\.`, `io\b`),
	word(registry, `(?i)registry\.`, `npmjs`),
	word(registry, `(?i)repo1?\.`, `maven`),
	word(registry, `(?i)(deb|security|ftp)\.`, `debian\.org`),
	word(registry, `(?i)extensions\.`, `duckdb\.org`),
	word(machine, `(^|[^\w.])/wo`, `rk/`),
	word(machine, `/tmp`, `/w\b`),
	word(machine, `(^|[^\w.])/ro`, `ot/`),
	word(process, `(?i)\bcla`, `ude\b`),
	word(process, `(?i)\banthro`, `pic\b`),
	word(process, `(?i)\bchat`, `gpt\b`),
	word(process, `(?i)\bcopi`, `lot\b`),
	word(process, `(?i)\bissue`, ` #?[0-9]{1,2}\b`),
	word(process, `\bshared/`, `(design|style|demands|duckdb)`),
}

// notOurText lists files whose words are others'.
func notOurText(path string) bool { return path == "go.sum" || path == "LICENSE" }

// Words finds words that no file may hold.
func Words(tree Tree) []Finding {
	var found []Finding
	for _, f := range tree {
		if notOurText(f.Path) {
			continue
		}
		for i, line := range strings.Split(f.Text, "\n") {
			for _, w := range forbidden {
				if hit := w.pattern.FindString(line); hit != "" {
					found = append(found, Finding{Path: f.Path, Line: i + 1, Text: "\"" + strings.TrimSpace(hit) + "\": " + w.why})
				}
			}
		}
	}
	return found
}
