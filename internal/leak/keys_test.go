package leak

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/planner"
)

// listener hears what sources are asked.
type listener struct {
	mu   sync.Mutex
	said map[string][]string // by source: the text and the values of each fragment
}

func (l *listener) wrap(name string, s connectors.Source) connectors.Source {
	return &heard{Source: s, name: name, listener: l}
}

type heard struct {
	connectors.Source
	name     string
	listener *listener
}

func (h *heard) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	all, err := h.Source.Acquire(ctx, n)
	for i := range all {
		all[i] = &heardConn{Conn: all[i], heard: h}
	}
	return all, err
}

type heardConn struct {
	connectors.Conn
	heard *heard
}

func (c *heardConn) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	text := f.SQL
	for _, v := range f.Values {
		text += fmt.Sprintf(" <%v>", v.V)
	}
	l := c.heard.listener
	l.mu.Lock()
	l.said[c.heard.name] = append(l.said[c.heard.name], text)
	l.mu.Unlock()
	return c.Conn.Scan(ctx, f)
}

// taken gives what was heard since the last call.
func (l *listener) taken() map[string][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.said
	l.said = map[string][]string{}
	return out
}

// travelling joins two sources by a column whose values are keys.
var travelling = []string{
	"SELECT count(*) FROM #A.等于#a a JOIN #B.列表#b b ON a.sfzh = b.sfzh",
	"SELECT count(*) FROM #B.基本#b b WHERE b.id IN (SELECT a.id FROM #A.等于#a a WHERE a.nl > 40)",
	"SELECT b.id, a.gz FROM #A.等于#a a JOIN #B.基本#b b ON a.id = b.id WHERE a.gz > 5",
	"SELECT count(*) FROM #B.列表#b b LEFT JOIN #A.等于#a a ON a.xm = b.sfzh",
}

// providers are whose each source is: an agency's values may go to its own ones.
var providers = map[string]string{"zfw": "公安", "wj": "公安", "rs": "卫健", "kf": "卫健"}

// share makes the resources of the second agency, and grants all with or without leave
// to send keys.
func (w *world) share(t *testing.T, keys string) {
	t.Helper()
	for leader, agency := range map[string]string{"ga": "公安", "ws": "卫健"} {
		resources, grants := "resources:\n", "grants:\n"
		for _, source := range sources {
			if providers[source] != agency {
				continue
			}
			add := func(name, table, items, granted, filter string) {
				resources += fmt.Sprintf("  %s.%s: {class: restricted, source: %s, schema: %s, table: %s, items: {%s}}\n", agency, name+source, source, w.schemas[source], table, items)
				grants += fmt.Sprintf("  %s.%s: [{agency: 民政, items: {%s}, %spurposes: [DB-HC], modes: [interface], where: %q}]\n", agency, name+source, granted, keys, filter)
			}
			items, granted := "id: '', xm: '', sfzh: '', qx: '', nl: '', gz: ''", "id: clear, xm: clear, sfzh: clear, qx: clear, nl: clear, gz: clear"
			add("等于", "renkou", items, granted, filters["等于"])
			add("列表", "renkou", items, granted, filters["列表"])
			add("基本", "jiben", "id: '', qx: ''", "id: clear, qx: clear", "")
		}
		w.apply(t, leader, resources)
		w.apply(t, leader, grants)
	}
	w.inForce(t)
}

// Values of one provider's source go to another's only where a grant says so, and a source is never
// told what stands in the rows, columns and tables of another that are hidden.
func TestKeysStayAtHome(t *testing.T) {
	l := &listener{said: map[string][]string{}}
	w := newWrappedWorld(t, "one", false, l.wrap)
	eager := func(p *planner.Planner) *planner.Planner { return p.Eager(10_000) }
	// Values that only one source's rows tell, by what was asked of the other.
	values := []string{"210102199001011234", "210102198505052345", "210102197003033456", "<1>", "<2>", "<4>", "HIDDEN", "SECRET", "<100>", "张"}
	sent := func() (where []string) {
		for source, texts := range l.taken() {
			for _, text := range texts {
				for _, v := range values {
					if strings.Contains(text, v) {
						where = append(where, source+" is asked "+text)
					}
				}
			}
		}
		return where
	}
	ask := func() (told []string) {
		for _, from := range sources {
			for _, to := range sources {
				if providers[from] == providers[to] {
					continue
				}
				for _, text := range travelling {
					for _, way := range []func(*planner.Planner) *planner.Planner{eager, nil} {
						w.engine.plan(way)
						text := strings.NewReplacer("#a", from, "#b", to, "#A", providers[from], "#B", providers[to]).Replace(text)
						if got := w.ask(t, text, "DB-HC"); !strings.HasPrefix(got, "200 ") {
							t.Fatalf("%s: %s", text, got)
						}
						told = append(told, sent()...)
					}
				}
			}
		}
		return told
	}
	sent() // what was asked before
	w.apply(t, "bureau", "agencies: {卫健: {code: WS, level: city}}")
	w.apply(t, "secadmin", "principals: {ws: {agency: 卫健, roles: [cataloguer, leader]}}")
	w.apply(t, "sysadmin", "sources: {rs: 卫健, kf: 卫健}")
	w.share(t, "")
	for _, told := range ask() {
		t.Errorf("without leave %s", told)
	}
	// With leave on every resource they go: the test would have heard them.
	w.share(t, `keys_to: ["*"], `)
	told := ask()
	t.Logf("with leave keys go %d times", len(told))
	if len(told) == 0 {
		t.Error("with leave nothing goes either: nothing was proved")
	}
	for _, text := range told {
		if strings.Contains(text, "HIDDEN") || strings.Contains(text, "SECRET") || strings.Contains(text, "<100>") {
			t.Errorf("of what is hidden %s", text)
		}
	}
}
