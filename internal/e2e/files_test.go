package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/files"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
)

// filesLab is a lab over a folder of CSV files.
func filesLab(t *testing.T, content map[string]string) *lab {
	t.Helper()
	dir := t.TempDir()
	l := newLab(t)
	for name, text := range content {
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l.published = append(l.published, policy.Published{Agency: "f", Resource: name, Source: "files", Table: catalog.TableID{Schema: "main", Name: name}})
	}
	s, err := files.Open(t.Context(), connectors.Config{Name: "files", Kind: "files", Path: dir, Connections: 2, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	l.sources["files"] = s
	l.start(t)
	return l
}

// Files join each other in the connector's own instance, as one statement.
func TestFilesJoinEachOther(t *testing.T) {
	long := strings.Builder{}
	long.WriteString("id,k\n")
	for i := range 30_000 {
		fmt.Fprintf(&long, "%d,%d\n", i, i%10)
	}
	good := long.String()
	l := filesLab(t, map[string]string{"one": good, "two": "k,name\n1,a\n2,b\n3,c\n", "broken": good + "x,1\n"})
	const text = "SELECT t.name, count(*) FROM f.one o JOIN f.two t ON o.k = t.k GROUP BY t.name ORDER BY 1"
	plan, err := l.plan(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	if !plan.Straight || len(plan.Streams) != 1 {
		t.Errorf("the files are not joined where they are:\n%s", plan.Explain().Text())
	}
	l.everyWay(t, text, "[[a 3000] [b 3000] [c 3000]]")
	// A cell that does not fit names its file, also when its table is not the first.
	for _, p := range l.planners() {
		_, err = l.queryBy(t.Context(), p, "SELECT t.name, max(b.id) FROM f.two t JOIN f.broken b ON b.k = t.k GROUP BY t.name")
		if err == nil || !strings.Contains(err.Error(), "broken.csv") {
			t.Errorf("the broken cell: %v (%s)", err, errs.From(err).Detail)
		}
	}
}
