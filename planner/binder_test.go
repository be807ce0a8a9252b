package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/planjson"
)

// stubOf is a table for binds of these tests.
func stubOf(ref int, columns ...catalog.Column) Stub {
	return Stub{Catalog: fmt.Sprintf("%s%d", catalogPrefix, ref), Schema: "g", Name: "t", Columns: columns}
}

func columnOf(name string, k catalog.Kind) catalog.Column {
	return catalog.Column{Name: name, Type: catalog.Type{Kind: k}}
}

// A binder's statements are prepared once. What they answer is of the text and the
// stubs of that moment: after other tables, refusals and a bind that was given up,
// each answer is what a fresh binder says.
func TestBinderIsReused(t *testing.T) {
	t.Run("in this process", func(t *testing.T) { binderIsReused(t, NewInProcess("Asia/Shanghai")) })
	t.Run("in processes", func(t *testing.T) { binderIsReused(t, newChildren(t)) })
}

func binderIsReused(t *testing.T, used Binder) {
	defer used.Close()
	one, two := stubOf(1, columnOf("a", catalog.Int32)), stubOf(1, columnOf("a", catalog.Text), columnOf("b", catalog.Date))
	other := stubOf(2, columnOf("a", catalog.Int64))
	const from = " FROM _lianji_ref_1.g.t"
	var last *Bound
	for i, r := range []BindRequest{
		{SQL: "SELECT a, a + 1" + from, Stubs: []Stub{one}, PlanToo: true},
		{SQL: "SELECT zzz" + from, Stubs: []Stub{one}, PlanToo: true},
		{SQL: "SELECT a, b" + from, Stubs: []Stub{two}, PlanToo: true},
		{SQL: "SELECT FROM WHERE", PlanToo: true},
		{SQL: "SELECT a, a + 1" + from, Stubs: []Stub{one}, PlanToo: true},
		{SQL: "SELECT 'it''s', x.a" + from + " AS x, _lianji_ref_2.g.t AS y WHERE x.a = y.a", Stubs: []Stub{one, other}, PlanToo: true},
		{SQL: "SELECT $1::INTEGER + a" + from, Stubs: []Stub{one}, PlanToo: true},
		{SQL: "SELECT a" + from + "; SELECT 1", Stubs: []Stub{one}, PlanToo: true},
		{SQL: "", PlanToo: true},
		{SQL: "SELECT a" + from, Stubs: []Stub{two}},
		{SQL: "SELECT a" + from, Stubs: []Stub{two}, PlanToo: true},
	} {
		if i%3 == 1 { // its instance is thrown away
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := used.Bind(gone, r); err == nil {
				t.Error("a bind whose context is over")
			}
		}
		fresh := NewInProcess("Asia/Shanghai")
		want, wantErr := fresh.Bind(t.Context(), r)
		wantTree, _ := fresh.ParseTree(t.Context(), r.SQL)
		fresh.Close()
		for k := range 3 {
			first := r
			first.PlanFirst = k == 0
			got, err := used.Bind(t.Context(), first)
			if err == nil {
				last, err = got, got.Described()
			}
			tree, treeErr := used.ParseTree(t.Context(), r.SQL)
			if treeErr != nil || tree != wantTree {
				t.Errorf("%s: another parse tree: %v", r.SQL, treeErr)
			}
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%s: %v, want %v", r.SQL, err, wantErr)
			}
			if err != nil || wantErr != nil {
				var a, b *BindError
				if !errors.As(err, &a) || !errors.As(wantErr, &b) || *a != *b {
					t.Errorf("%s: %+v, want %+v", r.SQL, err, wantErr)
				}
				continue
			}
			sameColumns := slices.EqualFunc(got.Columns, want.Columns, func(a, b catalog.Column) bool { return a.Name == b.Name && a.Type.Equal(b.Type) })
			if !sameColumns || got.PlanText != want.PlanText || (got.Plan != nil) != r.PlanToo {
				t.Errorf("%s: %+v, want %+v", r.SQL, got, want)
			}
		}
	}
	used.Close()
	for range 3 {
		if err := last.Described(); err != nil || len(last.Columns) != 1 {
			t.Errorf("of the binder that is closed: %v, %v", last.Columns, err)
		}
	}
	if _, err := used.Bind(t.Context(), BindRequest{SQL: "SELECT 1"}); !errors.Is(err, errBinderClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// late is a binder that refuses what it has given a plan for.
type late struct{ *InProcess }

func (b late) Bind(ctx context.Context, r BindRequest) (*Bound, error) {
	bound, err := b.InProcess.Bind(ctx, r)
	if err != nil {
		return nil, err
	}
	refuses := func() error {
		return errors.Join(bound.Described(), &BindError{Type: "binder", Subtype: "COLUMN_NOT_FOUND", Name: "a", Message: "no", Position: 7})
	}
	if !r.PlanFirst {
		return nil, refuses()
	}
	return &Bound{Plan: bound.Plan, PlanText: bound.PlanText, described: safego.Run(refuses)}, nil
}

// A refusal that comes behind the plan is the statement's, whatever else is wrong with
// it, and no statement comes of it.
func TestRefusalBehindThePlan(t *testing.T) {
	b := late{NewInProcess("Asia/Shanghai")}
	defer b.Close()
	for _, sql := range []string{"SELECT 1 AS a", "SELECT 1 AS a, TIME '10:00:00+01'::TIMETZ AS unreadable"} {
		s, err := New(b, func(string) dialect.Dialect { return nil }).Prepare(t.Context(), sql, nil, Options{})
		if e := errs.From(err); s != nil || err == nil || e.Code != errs.UnknownName || e.Pos == nil || e.Pos.Offset != 7 {
			t.Errorf("%s: %+v, want the refusal", sql, err)
		}
	}
}

// outOfTime is a binder that parses, or binds, until the statement's own time is over, or
// else to the end of its own.
type outOfTime struct {
	*InProcess
	bind bool
}

func (o outOfTime) ParseTree(ctx context.Context, sql string) (string, error) {
	if o.bind {
		return o.InProcess.ParseTree(ctx, sql)
	}
	return "", endOf(ctx)
}

func (outOfTime) Bind(ctx context.Context, _ BindRequest) (*Bound, error) { return nil, endOf(ctx) }

func endOf(ctx context.Context) error {
	if _, own := ctx.Deadline(); own {
		<-ctx.Done()
	}
	return context.DeadlineExceeded
}

// What cannot be analysed in the binder's time is too complex, however much time the
// statement itself has; one whose own time ends meanwhile is not.
func TestTextThatTakesTooLong(t *testing.T) {
	in := NewInProcess("UTC")
	defer in.Close()
	for _, b := range []outOfTime{{in, false}, {in, true}} {
		p := New(b, func(string) dialect.Dialect { return nil })
		if _, err := p.Prepare(t.Context(), "SELECT 1", nil, Options{}); errs.CodeOf(err) != errs.StatementTooComplex {
			t.Errorf("bind %v: %v", b.bind, err)
		}
		own, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := p.Prepare(own, "SELECT 1", nil, Options{}); errs.CodeOf(err) != errs.Timeout {
			t.Errorf("bind %v, whose own time is over: %v", b.bind, err)
		}
	}
}

// Of an answer that is not one plan the binder's error comes, never a plan.
func TestPlanOf(t *testing.T) {
	for answer, want := range map[string]string{
		`{"error":false,"plans":[{"type":"X"}]}`:                    "",
		`{"error":false,"plans":[]}`:                                "invalid",
		`{"error":false,"plans":[{"type":"X"},{"type":"Y"}]}`:       "invalid",
		`{"error":false,"plans":[{"type":"X"}]`:                     "not_implemented",
		`{"error":false,"plans":[{"type":Infinity}]}`:               "not_implemented",
		`{"error":false,"plans":[{"type":"X"}],"more":[]}`:          "invalid",
		`{"error":true,"error_type":"binder","error_message":"no"}`: "binder",
		``: "not_implemented",
		`{"error":false,"plans":[` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + `]}`: "too_complex",
	} {
		plan, text, err := planOf(answer)
		var be *BindError
		switch {
		case want == "" && (err != nil || plan == nil || text != `{"type":"X"}`):
			t.Errorf("%s: %v", answer, err)
		case want != "" && (!errors.As(err, &be) || be.Type != want || plan != nil):
			t.Errorf("%.60s: %v, want %s", answer, err, want)
		}
	}
}

// What a plan may hold is a list: an operator or a class of expression that is not on
// it is refused wherever it stands, and so is a plan of too many levels.
func TestCheckPlan(t *testing.T) {
	nested := func(n int, before, inner, after string) string {
		return strings.Repeat(before, n) + inner + strings.Repeat(after, n)
	}
	for text, want := range map[string]bool{
		`{"type":"LOGICAL_DUMMY_SCAN"}`: true,
		`{"type":"LOGICAL_ZZZ"}`:        false,
		`[]`:                            false,
		`{"type":"LOGICAL_LIMIT","children":[{"type":"LOGICAL_ZZZ"}]}`:                                                              false,
		`{"type":"LOGICAL_LIMIT","x":[{"expression_class":"BOUND_FUNCTION","name":"length"}]}`:                                      true,
		`{"type":"LOGICAL_LIMIT","x":[{"expression_class":"BOUND_FUNCTION","name":"getenv"}]}`:                                      false,
		`{"type":"LOGICAL_LIMIT","x":[{"expression_class":"BOUND_AGGREGATE","name":"getenv"}]}`:                                     false,
		`{"type":"LOGICAL_LIMIT","x":[{"expression_class":"BOUND_WINDOW","name":"getenv"}]}`:                                        false,
		`{"type":"LOGICAL_LIMIT","x":[{"expression_class":"BOUND_WINDOW"}]}`:                                                        true,
		`{"type":"LOGICAL_GET","name":"range"}`:                                                                                     true,
		`{"type":"LOGICAL_GET","name":"read_csv"}`:                                                                                  false,
		`{"type":"LOGICAL_GET","name":"seq_scan","function_data":{"catalog":"_lianji_ref_1"}}`:                                      false,
		`{"type":"LOGICAL_LIMIT","children":[1]}`:                                                                                   false,
		`{"type":"LOGICAL_LIMIT","x":[{"y":{"expression_class":"BOUND_REF"}}]}`:                                                     true,
		`{"type":"LOGICAL_LIMIT","x":[{"y":{"expression_class":"BOUND_ZZZ"}}]}`:                                                     false,
		`{"type":"LOGICAL_LIMIT","x":[{"children":[{"expression_class":"BOUND_ZZZ"}]}]}`:                                            false,
		`{"type":"LOGICAL_LIMIT","expression_class":"BOUND_ZZZ"}`:                                                                   false,
		`{"type":"LOGICAL_LIMIT","children":[{"type":"LOGICAL_DUMMY_SCAN","expression_class":"BOUND_ZZZ"}]}`:                        false,
		nested(300, `{"type":"LOGICAL_LIMIT","children":[`, `{"type":"LOGICAL_DUMMY_SCAN"}`, `]}`):                                  true,
		nested(500, `{"type":"LOGICAL_LIMIT","children":[`, `{"type":"LOGICAL_DUMMY_SCAN"}`, `]}`):                                  false,
		`{"type":"LOGICAL_LIMIT","x":` + nested(150, `{"expression_class":"BOUND_CAST","child":`, `1`, `}`) + `}`:                   true,
		`{"type":"LOGICAL_LIMIT","x":` + nested(500, `{"expression_class":"BOUND_CAST","child":`, `1`, `}`) + `}`:                   false,
		`{"type":"LOGICAL_LIMIT","children":[{"type":"LOGICAL_DUMMY_SCAN"}],"orders":[{"z":{"expression_class":"BOUND_BETWEEN"}}]}`: true,
	} {
		v, err := planjson.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkPlan(v, nil); (err == nil) != want {
			t.Errorf("%.100s: %v", text, err)
		}
	}
}
