package planner

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/policy"
)

// named is a snapshot with an identity of its own.
type named struct {
	everything
	identity string
}

func (n named) Identity() string { return n.identity }

// zoned is a binder whose settings change.
type zoned struct {
	Binder
	settings string
}

func (z *zoned) Settings() string { return z.settings }

func declare(types map[string]catalog.Type) Options {
	return Options{Declared: func(name string) catalog.Type { return types[name] }}
}

func ofItsOwn(t catalog.Type) Options {
	return Options{Declared: func(string) catalog.Type { return t }, Exact: func(string) bool { return true }}
}

func prepared(t *testing.T, p *Planner, sql string, snapshot policy.Snapshot, o Options) *Statement {
	t.Helper()
	s, err := p.Prepare(t.Context(), sql, snapshot, o)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return s
}

// A statement is given again when nothing that its binding looked at has changed,
// and only then.
func TestCacheKey(t *testing.T) {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	const point, open = "SELECT v FROM g.t WHERE a = $1", "SELECT sum(a) * $1 FROM g.t"
	for what, c := range map[string]struct {
		sql, again     string
		first, second  Options
		identity, zone string // of the second; empty as of the first
		hit            bool
	}{
		"a type of the value's own":   {sql: open, again: open, first: declare(map[string]catalog.Type{"1": kind(catalog.Int64)}), second: ofItsOwn(kind(catalog.Int64))},
		"the same":                    {sql: point, again: point, hit: true},
		"another literal":             {sql: "SELECT v FROM g.t WHERE a = 1", again: "SELECT v FROM g.t WHERE a = 2"},
		"white space":                 {sql: point, again: "SELECT v  FROM g.t WHERE a = $1"},
		"white space at the end":      {sql: point, again: point + " "},
		"letters":                     {sql: point, again: "select v FROM g.t WHERE a = $1"},
		"white space in a literal":    {sql: "SELECT ' '", again: "SELECT '  '"},
		"the same declared":           {sql: open, again: open, first: declare(map[string]catalog.Type{"1": kind(catalog.Int32)}), second: declare(map[string]catalog.Type{"1": kind(catalog.Int32)}), hit: true},
		"declared and not":            {sql: open, again: open, first: declare(map[string]catalog.Type{"1": kind(catalog.Int32)})},
		"not declared and then":       {sql: open, again: open, second: declare(map[string]catalog.Type{"1": kind(catalog.Int32)})},
		"declared otherwise":          {sql: open, again: open, first: declare(map[string]catalog.Type{"1": kind(catalog.Int32)}), second: declare(map[string]catalog.Type{"1": kind(catalog.Date)})},
		"another scale declared":      {sql: open, again: open, first: declare(map[string]catalog.Type{"1": catalog.DecimalOf(9, 2)}), second: declare(map[string]catalog.Type{"1": catalog.DecimalOf(9, 3)})},
		"a name that is not there":    {sql: open, again: open, second: declare(map[string]catalog.Type{"2": kind(catalog.Date)}), hit: true},
		"a named one":                 {sql: "SELECT sum(a) * $x FROM g.t", again: "SELECT sum(a) * $x FROM g.t", second: declare(map[string]catalog.Type{"x": kind(catalog.Int32)})},
		"a sample of the same shape":  {sql: open, again: open, first: Options{Samples: []string{"1.25"}}, second: Options{Samples: []string{"-7.50"}}, hit: true},
		"a sample of another scale":   {sql: open, again: open, first: Options{Samples: []string{"1.25"}}, second: Options{Samples: []string{"1.2"}}},
		"a whole number as sample":    {sql: open, again: open, first: Options{Samples: []string{"1.25"}}, second: Options{Samples: []string{"1"}}},
		"a sample and none":           {sql: open, again: open, first: Options{Samples: []string{"1.25"}}},
		"samples that nobody asks":    {sql: point, again: point, first: Options{Samples: []string{"1.25"}}, second: Options{Samples: []string{"7"}}, hit: true},
		"the second sample":           {sql: "SELECT $1 || v, sum(a) * $2 FROM g.t GROUP BY v", again: "SELECT $1 || v, sum(a) * $2 FROM g.t GROUP BY v", first: Options{Samples: []string{"x", "1.5"}}, second: Options{Samples: []string{"x", "1.55"}}},
		"another snapshot":            {sql: point, again: point, identity: "other"},
		"another zone of the session": {sql: point, again: point, zone: "UTC"},
	} {
		t.Run(what, func(t *testing.T) {
			binder := &zoned{Binder: newPlanner(t).binder, settings: "Asia/Shanghai"}
			p := New(binder, func(string) dialect.Dialect { return exactly{} })
			one := named{testTables(), "one"}
			first := prepared(t, p, c.sql, one, c.first)
			if c.identity != "" {
				one.identity = c.identity
			}
			if c.zone != "" {
				binder.settings = c.zone
			}
			second := prepared(t, p, c.again, one, c.second)
			if (second == first) != c.hit {
				t.Errorf("given again: %v, want %v", second == first, c.hit)
			}
			if again := prepared(t, p, c.again, one, c.second); again != second {
				t.Error("the second one is not kept beside the first")
			}
			binder.settings, one.identity = "Asia/Shanghai", "one"
			if again := prepared(t, p, c.sql, one, c.first); again != first {
				t.Error("the first one is not kept beside the second")
			}
			fresh := prepared(t, p.Without(), c.again, one, c.second)
			if got, want := fmt.Sprint(second.Params, second.Columns), fmt.Sprint(fresh.Params, fresh.Columns); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// What a planner keeps, one with other rules does not give.
func TestCacheIsThePlannersOwn(t *testing.T) {
	p := newPlanner(t)
	const sql = "SELECT v FROM g.t WHERE a = $1"
	s := prepared(t, p, sql, testTables(), Options{})
	for what, other := range map[string]*Planner{"without rules": p.Without(), "by text": p.ByText()} {
		if got := prepared(t, other, sql, testTables(), Options{}); got == s || got.planner != other {
			t.Errorf("%s: the other planner's statement", what)
		}
	}
}

// A name that was missing is found once it is there, under the same identity even.
func TestCacheKeepsNoErrors(t *testing.T) {
	p := newPlanner(t)
	const sql = "SELECT v FROM g.t"
	if _, err := p.Prepare(t.Context(), sql, everything{}, Options{}); err == nil {
		t.Fatal("a table that is not there")
	}
	if got := p.cache.order.Len(); got != 0 {
		t.Errorf("%d statements kept after an error", got)
	}
	prepared(t, p, sql, testTables(), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Prepare(ctx, sql+" WHERE a = 1", testTables(), Options{}); err == nil {
		t.Fatal("bound though it was cancelled")
	}
	prepared(t, p, sql+" WHERE a = 1", testTables(), Options{})
}

// fill puts statements into a cache that nobody bound.
func fill(c *cache, n int, text func(i int) string, planBytes int) {
	for i := range n {
		c.put(cacheKey{text: text(i)}, &binding{}, &Statement{planBytes: planBytes})
	}
}

func TestCacheIsBounded(t *testing.T) {
	short := func(i int) string { return fmt.Sprintf("%06d", i) }
	has := func(c *cache, text string) bool { return c.get(cacheKey{text: text}, Options{}) != nil }

	var c cache
	fill(&c, cachedStatements, short, 0)
	if !has(&c, short(0)) { // used last from here on
		t.Fatal("the first is gone before the cache is full")
	}
	fill(&c, 1, func(int) string { return "one more" }, 0)
	if !has(&c, short(0)) || has(&c, short(1)) || !has(&c, short(2)) || !has(&c, "one more") {
		t.Error("not the one that was used longest ago went")
	}
	if c.order.Len() != cachedStatements || len(c.byKey) != cachedStatements || c.bytes != cachedStatements*6+2 {
		t.Errorf("%d statements, %d keys, %d bytes", c.order.Len(), len(c.byKey), c.bytes)
	}

	for what, add := range map[string]func(c *cache){
		"plans": func(c *cache) { fill(c, 100, short, 1<<20/perPlanByte) },
		"texts": func(c *cache) {
			fill(c, 100, func(i int) string { return short(i) + strings.Repeat("x", 1<<20) }, 0)
		},
	} {
		var c cache
		add(&c)
		if n := c.order.Len(); n != 63 || c.bytes > cachedBytes || len(c.byKey) != n {
			t.Errorf("%s of 1 MiB: %d kept, %d bytes, %d keys", what, n, c.bytes, len(c.byKey))
		}
	}

	var d cache
	fill(&d, 1, short, cachedBytes/8/perPlanByte)
	if d.order.Len() != 0 || d.bytes != 0 {
		t.Error("one statement fills an eighth of the cache")
	}
	fill(&d, 2, func(int) string { return "the same" }, 0)
	if d.order.Len() != 1 || d.bytes != len("the same") {
		t.Errorf("the same twice: %d kept, %d bytes", d.order.Len(), d.bytes)
	}

	// Ways to bind one text leave one by one.
	var e cache
	number := func(scale int32) Options { return Options{Samples: []string{"1." + strings.Repeat("5", int(scale))}} }
	for scale := range int32(3) {
		e.put(cacheKey{text: "t"}, &binding{names: []string{"1"}, sampled: []int{1}, options: number(scale + 1)}, &Statement{})
	}
	e.drop(e.order.Back())
	if e.get(cacheKey{text: "t"}, number(1)) != nil || e.get(cacheKey{text: "t"}, number(2)) == nil || e.get(cacheKey{text: "t"}, number(3)) == nil {
		t.Error("the wrong one left")
	}
	e.drop(e.order.Back())
	e.drop(e.order.Back())
	if len(e.byKey) != 0 || e.bytes != 0 {
		t.Errorf("%d keys, %d bytes in an empty cache", len(e.byKey), e.bytes)
	}
}

// Many goroutines prepare and plan the same few statements, while others push them out.
func TestCacheIsShared(t *testing.T) {
	p := newPlanner(t)
	texts := []string{"SELECT v FROM g.t WHERE a = $1", "SELECT a FROM g.t WHERE b = $1", "SELECT sum(b) FROM g.t WHERE a = $1"}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 30 {
				sql := texts[(g+i)%len(texts)]
				s, err := p.Prepare(t.Context(), sql, testTables(), Options{})
				if err != nil {
					t.Error(err)
					return
				}
				value, err := s.Params[0].Value("7")
				if err != nil {
					t.Error(err)
					return
				}
				if plan, err := s.Plan(t.Context(), []catalog.Value{value}); err != nil || len(plan.Streams) != 1 {
					t.Error(plan, err)
					return
				}
				fill(&p.cache, cachedStatements/10, func(i int) string { return fmt.Sprint(g, i) }, 1)
			}
		})
	}
	wg.Wait()
	if n := p.cache.order.Len(); n > cachedStatements {
		t.Errorf("%d statements kept", n)
	}
}

func BenchmarkPointLookup(b *testing.B) {
	p := newPlanner(b)
	snapshot := testTables()
	const sql = "SELECT v, d FROM g.t WHERE a = $1"
	for b.Loop() {
		s, err := p.Prepare(b.Context(), sql, snapshot, Options{Samples: []string{"7"}})
		if err != nil {
			b.Fatal(err)
		}
		value, err := s.Params[0].Value("7")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Plan(b.Context(), []catalog.Value{value}); err != nil {
			b.Fatal(err)
		}
	}
}
