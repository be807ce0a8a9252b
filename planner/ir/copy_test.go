package ir_test

import (
	"reflect"
	"regexp"
	"strconv"
	"testing"

	"github.com/lianji/lianji/planner/ir"
)

// used gives a plan whose ids up to #20 and whose numbers up to 5 are taken.
func used() *ir.Plan {
	p := ir.NewPlan()
	for range 20 {
		p.NewID()
	}
	for range 5 {
		p.NewNumber()
	}
	return p
}

// made lists the ids of a whole tree.
func made(n ir.Node) ir.Set {
	all := ir.Set{}
	ir.Walk(n, func(n ir.Node) {
		for _, c := range n.Output() {
			all[c.ID] = true
		}
	})
	return all
}

var numbered = regexp.MustCompile(`#\d+|(cte|cte ref|delim|delim get) \d+`)

// alike is a tree's text with ids and numbers put in the order in which they come.
func alike(n ir.Node) string {
	names := map[string]string{}
	return numbered.ReplaceAllStringFunc(ir.Text(n, ir.Exactly), func(s string) string {
		kind := regexp.MustCompile(`^(cte|delim|#)`).FindString(s)
		k := kind + regexp.MustCompile(`\d+$`).FindString(s)
		if names[k] == "" {
			names[k] = kind + strconv.Itoa(len(names))
		}
		return names[k]
	})
}

// A copy stands beside the tree in one plan, and is the same tree.
func TestCopy(t *testing.T) {
	trees := append(nodes(),
		delim(1, scan(1, 1), delim(2, get(1, 2, 1), product(get(1, 3, 1), get(2, 4, 2)), 2), 1),
		&ir.CTE{
			ID: 1, Name: "x", Def: scan(1, 1),
			Body: &ir.CTE{ID: 2, Name: "y", Def: cteRef(1, 2, 1), Body: product(cteRef(1, 3, 1), cteRef(2, 4, 2))},
		},
		&ir.Project{Input: &ir.Project{Input: scan(1, 1), Cols: []ir.Assign{same(1, i32)}}, Cols: []ir.Assign{same(1, i32), assign(2, ref(1, i32))}},
	)
	for _, n := range trees {
		before := ir.Text(n, ir.Exactly)
		p := used()
		twin, ids := p.Copy(n)
		if ir.Text(n, ir.Exactly) != before {
			t.Errorf("the tree itself was changed:\n%s", before)
		}
		if err := ir.Check(product(n, twin)); err != nil {
			t.Errorf("%v in\n%s%s", err, before, ir.Text(twin, ir.Exactly))
		}
		if alike(twin) != alike(n) {
			t.Errorf("%s has the copy\n%s", before, ir.Text(twin, ir.Exactly))
		}
		old, fresh := made(n), made(twin)
		if len(ids) != len(old) || len(fresh) != len(old) {
			t.Errorf("%d ids, %d in the map, %d in the copy of\n%s", len(old), len(ids), len(fresh), before)
		}
		for id := range old {
			if ids[id] <= 20 || !fresh[ids[id]] {
				t.Errorf("#%d became #%d in\n%s", id, ids[id], ir.Text(twin, ir.Exactly))
			}
		}
		out := twin.Output()
		for i, c := range n.Output() {
			if out[i].ID != ids[c.ID] || out[i].Name != c.Name || !out[i].Type.Equal(c.Type) {
				t.Errorf("column %d of\n%s became %+v", i, before, out[i])
			}
		}
		numbers := map[int]bool{}
		ir.Walk(twin, func(n ir.Node) {
			switch n := n.(type) {
			case *ir.CTE:
				numbers[n.ID] = true
			case *ir.Join:
				if n.Delim != nil {
					numbers[n.Delim.ID] = true
				}
			}
		})
		for k := range numbers {
			if k <= 5 {
				t.Errorf("the number %d is not a new one in\n%s", k, ir.Text(twin, ir.Exactly))
			}
		}
		next := p.NewID()
		for id := range fresh {
			if id >= next {
				t.Errorf("#%d is not of the plan, which gives #%d next", id, next)
			}
		}
		// Copied back to the old ids nothing of the nodes' own is lost.
		if !reflect.DeepEqual(restored(twin, n, ids), n) {
			t.Errorf("%s: a part is lost in\n%s", before, ir.Text(twin, ir.Exactly))
		}
	}
}

// restored writes the ids and numbers of n, which twin is a copy of, into twin.
func restored(twin, n ir.Node, ids map[ir.ColID]ir.ColID) ir.Node {
	back := map[ir.ColID]ir.ColID{}
	for old, id := range ids {
		back[id] = old
	}
	return rewritten(reflect.ValueOf(twin), reflect.ValueOf(n), back).Interface().(ir.Node)
}

// rewritten gives v with its ids led back, and with the numbers of like.
func rewritten(v, like reflect.Value, back map[ir.ColID]ir.ColID) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() || like.IsNil() || v.Elem().Type() != like.Elem().Type() || v.Elem().Type().PkgPath() == "github.com/lianji/lianji/catalog" {
			return out
		}
		inner := rewritten(v.Elem(), like.Elem(), back)
		if v.Kind() == reflect.Pointer {
			out = reflect.New(v.Type().Elem())
			out.Elem().Set(inner)
		} else {
			out.Set(inner)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			switch {
			case v.Type() == reflect.TypeFor[ir.Delim]() && name == "ID", v.Type() == reflect.TypeFor[ir.CTE]() && name == "ID",
				v.Type() == reflect.TypeFor[ir.CTERef]() && name == "ID", v.Type() == reflect.TypeFor[ir.DelimGet]() && name == "Delim":
				out.Field(i).Set(like.Field(i))
			default:
				out.Field(i).Set(rewritten(v.Field(i), like.Field(i), back))
			}
		}
	case reflect.Slice:
		if v.IsNil() || v.Len() != like.Len() {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(rewritten(v.Index(i), like.Index(i), back))
		}
	default:
		if id, ok := v.Interface().(ir.ColID); ok {
			if old, ok := back[id]; ok {
				out.Set(reflect.ValueOf(old))
			}
		}
	}
	return out
}

// What is made outside of the copied tree is read from there by the copy too.
func TestCopyLeavesWhatIsOutside(t *testing.T) {
	for name, n := range map[string]ir.Node{
		"a delim get":     &ir.Filter{Input: get(3, 2, 1), Preds: []ir.Expr{eq(ref(2, i32), ref(15, i32))}},
		"a CTE reference": &ir.Project{Input: cteRef(3, 2, 1), Cols: []ir.Assign{same(2, i32), assign(4, ref(15, i32))}},
	} {
		twin, ids := used().Copy(n)
		if _, ok := ids[15]; ok {
			t.Errorf("%s: #15 is not made in the tree and became #%d", name, ids[15])
		}
		read := ir.Set{}
		ir.Walk(twin, func(n ir.Node) {
			read.Add(n.Exprs()...)
			switch n := n.(type) {
			case *ir.DelimGet:
				if n.Delim != 3 || n.From[0] != 1 || n.Columns[0].ID == 2 {
					t.Errorf("%s became %s", name, ir.Line(n, ir.Exactly))
				}
			case *ir.CTERef:
				if n.ID != 3 || n.From[0] != 1 || n.Columns[0].ID == 2 {
					t.Errorf("%s became %s", name, ir.Line(n, ir.Exactly))
				}
			}
		})
		if !read[15] || read[2] || !read[ids[2]] {
			t.Errorf("%s: the copy reads %v", name, read)
		}
	}
}

// A clone has the same tree, and gives ids that neither it nor the plan has.
func TestClone(t *testing.T) {
	p := used()
	p.Root = scan(1, 1)
	c := p.Clone()
	if c.Root != p.Root || c.NewID() != 21 || c.NewNumber() != 6 || p.NewID() != 21 {
		t.Error("a clone goes on where its plan stands, for itself")
	}
}
