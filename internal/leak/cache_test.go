package leak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/waitfor"
)

// A statement that somebody has asked is planned again for everybody else, and for
// every other purpose, mode and version of the grants: nothing that is kept forgets
// whose it is.
func TestWhatIsKeptIsOnesOwn(t *testing.T) {
	w := newWorld(t, "one", false)
	for _, source := range sources {
		w.apply(t, "ga", fmt.Sprintf(`grants:
  公安.等于%s:
    - {agency: 民政, items: {id: clear, qx: clear, xm: masked name}, purposes: [DB-HC], modes: [interface], where: "qx = principal_attribute('district')"}
    - {agency: 民政, items: {id: clear, xm: masked null}, purposes: [JC], modes: [interface], where: "id < 3"}
`, source))
	}
	w.apply(t, "secadmin", "principals: {li: {agency: 民政, roles: [analyst], attributes: {district: 沈河区}}}")
	li := w.tokenFor(t, "li")
	w.inForce(t)
	for i, source := range sources {
		for k, way := range slices.Sorted(maps.Keys(ways)) {
			if i%len(ways) != k && !long() {
				continue
			}
			w.engine.plan(ways[way])
			for range 2 { // the second time everything is kept that is kept at all
				for _, c := range []struct{ token, purpose, sql, want string }{
					{w.token, "DB-HC", "SELECT CAST(id AS INTEGER), xm FROM #t ORDER BY id", `[[1,"张**"],[2,"李**"],[3,"王**"],[4,"赵**"]]`},
					{li, "DB-HC", "SELECT CAST(id AS INTEGER), xm FROM #t ORDER BY id", `[[100,"H**"],[101,"H**"]]`},
					{w.token, "JC", "SELECT CAST(id AS INTEGER), xm FROM #t ORDER BY id", `[[1,null],[2,null]]`},
					{li, "JC", "SELECT CAST(id AS INTEGER), xm FROM #t ORDER BY id", `[[1,null],[2,null]]`},
					{w.token, "DB-HC", "SELECT count(*) FROM #t", `[["4"]]`},
					{li, "DB-HC", "SELECT count(*) FROM #t", `[["2"]]`},
					{w.token, "DB-HC", "SELECT max(qx) FROM #t", `[["和平区"]]`},
					{li, "DB-HC", "SELECT max(qx) FROM #t", `[["沈河区"]]`},
					{w.token, "JC", "SELECT max(qx) FROM #t", "unknown_name"},
					// As the source gives it: no policy lets rows go to the client so.
					{w.token, "DB-HC", "SELECT xm, qx FROM #t", `[["张**","和平区"],["李**","和平区"],["王**","和平区"],["赵**","和平区"]]`},
					{li, "DB-HC", "SELECT xm FROM #t", `[["H**"],["H**"]]`},
				} {
					sql := strings.ReplaceAll(c.sql, "#t", "公安.等于"+source)
					if got := strings.ReplaceAll(w.asks(t, c.token, sql, c.purpose), " ", ""); !strings.Contains(got, c.want) {
						t.Errorf("%s, for %q: %s\n%s, want %s", way, c.purpose, sql, got, c.want)
					}
				}
			}
		}
	}
	// Grants that are taken back and given otherwise are in force on the next statement.
	w.engine.plan(nil)
	w.apply(t, "ga", `grants: {公安.等于wj: [{agency: 民政, items: {id: clear, xm: clear}, purposes: [DB-HC], modes: [interface], where: "id = 4"}]}`)
	w.inForce(t)
	if got := w.ask(t, "SELECT id, xm FROM 公安.等于wj ORDER BY id", "DB-HC"); !strings.Contains(got, `[["4","赵六"]]`) {
		t.Errorf("after the change: %s", got)
	}
	w.apply(t, "ga", "grants: {公安.等于wj: []}")
	w.inForce(t)
	if got := w.ask(t, "SELECT id, xm FROM 公安.等于wj ORDER BY id", "DB-HC"); !strings.Contains(got, "unknown_name") {
		t.Errorf("after the end: %s", got)
	}
}

// inForce waits until the gateway knows the catalogue as it is.
func (p *place) inForce(t *testing.T) {
	t.Helper()
	version := p.state(t).Version
	waitfor.True(t, time.Second, "the catalogue to be in force", func() bool {
		now, err := p.app.Catalogue()
		return err == nil && now.Version == version
	})
}
