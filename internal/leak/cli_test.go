package leak

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
)

// queryNames are what differs in what the program says of one statement in two worlds.
var queryNames = regexp.MustCompile(`[a-z2-7]{16}|http://[0-9.:]+|[0-9.]+ ?(ms|s)\b`)

// command asks a statement by the program, as somebody with a token in a file does.
func (w *world) command(t *testing.T, format, sql string) string {
	t.Helper()
	file := filepath.Join(w.dir, "wang.t")
	if err := os.WriteFile(file, []byte(w.token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	code := cli.Program{App: app.Options{Openers: openers}}.Run(t.Context(), cli.Env{
		Args: []string{"query", "--url", w.url, "--token-file", file, "--purpose", "DB-HC", "--format", format, sql},
		Name: "lianji", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said, LookupEnv: func(string) (string, bool) { return "", false },
	})
	return fmt.Sprintf("%d\n%s\n%s", code, ownWords.ReplaceAllString(out.String(), ""), queryNames.ReplaceAllString(said.String(), ""))
}

// The program tells no more than the door that it asks.
func TestTheCommandTellsNothing(t *testing.T) {
	one, other := newWorld(t, "one", false), newWorld(t, "other", false)
	all := attacks()
	answered, asked := 0, 0
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i%8 != 0 && !long() || len(all[name]) > 100_000 { // an argument has a limit
			continue
		}
		source, format := sources[i/8%len(sources)], []string{"table", "csv", "json", "ndjson"}[i/8%4]
		sql := strings.NewReplacer("#t", "公安."+shapes[i/8%len(shapes)]+source, "#o", "公安.基本"+source).Replace(all[name])
		first := one.command(t, format, sql)
		asked++
		if strings.HasPrefix(first, "0\n") {
			answered++
		}
		if got := other.command(t, format, sql); got != first || tells(first, sql) {
			t.Errorf("%s: %.2000s\nworld one: %s\nworld other: %s", name, sql, first, got)
		}
	}
	t.Logf("%d statements, %d of them answered", asked, answered)
	if answered < asked/4 {
		t.Error("hardly anything was answered: the attacks say nothing")
	}
}
