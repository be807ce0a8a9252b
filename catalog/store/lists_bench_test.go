package store_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/policy/grantsql"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/catalogapi"
)

// kept is a catalogue that somebody reads.
type kept struct {
	catalogapi.Keeper // nobody changes it
	state             *catalog.State
	by                *catalog.Principal
}

func (k kept) See(context.Context, server.Asker) (*catalog.State, *catalog.Principal, error) {
	return k.state, k.by, nil
}

// held is how much memory a list takes, beside the rows at hand, while it is read.
func held(b *testing.B, state *catalog.State, by *catalog.Principal, text string) float64 {
	b.Helper()
	stmt, err := grantsql.Parse(text, time.UTC)
	if err != nil {
		b.Fatal(err)
	}
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	list, err := stmt.Show(state, grantsql.Asker{Principal: by}, time.Now(), time.UTC)
	if err != nil {
		b.Fatal(err)
	}
	list.Next(1024)
	took := heap() - before
	runtime.KeepAlive(list)
	return max(took, 0)
}

// BenchmarkLists reads what is granted in a large city: everything, as an auditor does,
// and what is granted to one agency.
func BenchmarkLists(b *testing.B) {
	s, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "large.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	store.Fill(b, s)
	state, err := s.Load(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	askers := map[string]*catalog.Principal{
		"auditor": {ID: "p1", Login: "auditor", Agency: "a0", Roles: []catalog.Role{catalog.Auditor}},
		"analyst": {ID: "p2", Login: "analyst", Agency: "a0", Roles: []catalog.Role{catalog.Analyst}},
		"leader":  {ID: "p3", Login: "leader", Agency: "a1", Roles: []catalog.Role{catalog.Leader}},
	}
	for who, by := range askers {
		for _, text := range []string{"SHOW GRANTS", "SHOW GRANTS ON 单位1.t1", "SHOW GRANTS TO AGENCY 单位0"} {
			b.Run("show/"+who+"/"+text, func(b *testing.B) {
				b.ReportAllocs()
				rows := 0
				for b.Loop() {
					stmt, err := grantsql.Parse(text, time.UTC)
					if err != nil {
						b.Fatal(err)
					}
					all, err := stmt.Show(state, grantsql.Asker{Principal: by}, time.Now(), time.UTC)
					if err != nil {
						b.Fatal(err)
					}
					rows = 0
					for some := all.Next(1024); len(some) > 0; some = all.Next(1024) {
						rows += len(some)
					}
				}
				b.ReportMetric(float64(rows), "rows")
				b.ReportMetric(held(b, state, by, text), "held-bytes")
			})
		}
		for _, path := range []string{"grants", "grants?after=g5&limit=100", "grants?resource=%E5%8D%95%E4%BD%8D1.t1", "resources", "agencies", "resources?after=%E5%8D%95%E4%BD%8D9&limit=100"} {
			b.Run("list/"+who+"/"+path, func(b *testing.B) {
				b.ReportAllocs()
				h := catalogapi.New(catalogapi.Options{Keeper: kept{state: state, by: by}})
				size := 0
				for b.Loop() {
					r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/v1/catalog/"+path, nil)
					r.Header.Set("Authorization", "Bearer x")
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					if w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
						b.Fatalf("%d %.300s", w.Code, w.Body)
					}
					size = w.Body.Len()
				}
				b.ReportMetric(float64(size), "bytes")
			})
		}
	}
}
