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
	"SELECT count(*) FROM 公安.等于#a a JOIN 公安.列表#b b ON a.sfzh = b.sfzh",
	"SELECT count(*) FROM 公安.基本#b b WHERE b.id IN (SELECT a.id FROM 公安.等于#a a WHERE a.nl > 40)",
	"SELECT b.id, a.gz FROM 公安.等于#a a JOIN 公安.基本#b b ON a.id = b.id WHERE a.gz > 5",
	"SELECT count(*) FROM 公安.列表#b b LEFT JOIN 公安.等于#a a ON a.xm = b.sfzh",
}

// Values of one source go to another only where a grant says so, and a source is never
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
				if from == to {
					continue
				}
				for _, text := range travelling {
					for _, way := range []func(*planner.Planner) *planner.Planner{eager, nil} {
						w.engine.plan(way)
						text := strings.NewReplacer("#a", from, "#b", to).Replace(text)
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
	for _, told := range ask() {
		t.Errorf("without leave %s", told)
	}
	// With leave on every resource they go: the test would have heard them.
	for _, source := range sources {
		w.apply(t, "ga", fmt.Sprintf(`grants:
  公安.等于%[1]s: [{agency: 民政, items: {id: clear, sfzh: clear, qx: clear, nl: clear, gz: clear}, keys_to: ["*"], purposes: [DB-HC], modes: [interface], where: "qx = '和平区'"}, {principal: wang, items: {id: clear, xm: clear}, keys_to: ["*"], purposes: [DB-HC], modes: [interface], where: "qx = '和平区'"}]
  公安.列表%[1]s: [{agency: 民政, items: {id: clear, sfzh: clear, qx: clear, nl: clear, gz: clear}, keys_to: ["*"], purposes: [DB-HC], modes: [interface], where: "qx IN ('和平区', '皇姑区')"}]
  公安.基本%[1]s: [{agency: 民政, items: {id: clear, qx: clear}, keys_to: ["*"], purposes: [DB-HC], modes: [interface]}]
`, source))
	}
	w.inForce(t)
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
