package logical

import "github.com/lianji/lianji/planner/ir"

func (d *decoder) union(r *reader) rel     { return d.setOp(r, ir.Union) }
func (d *decoder) except(r *reader) rel    { return d.setOp(r, ir.Except) }
func (d *decoder) intersect(r *reader) rel { return d.setOp(r, ir.Intersect) }

// setOp reads a set operation over two or more inputs, from left to right. Of one
// without ALL the plan has a DISTINCT above; both together are the operation that
// SQL has.
func (d *decoder) setOp(r *reader, kind ir.SetKind) rel {
	r.numbers("table_index")
	width, all := r.index("column_count"), r.flag("setop_all")
	r.flag("allow_out_of_order") // no order was asked for either way: UNION has none
	if !all && r.above != "LOGICAL_DISTINCT" {
		d.unsupported("%s that leaves equal rows to nobody", r.what)
	}
	list := r.list("children")
	if len(list) < 2 {
		d.broken("%s with %d inputs", r.what, len(list))
		return stub()
	}
	if len(list) > 2 && kind != ir.Union {
		d.unsupported("%s with %d inputs", r.what, len(list))
	}
	out := rel{}
	for i := range list {
		in := d.node(&list[i])
		if d.err == nil && uint64(len(in.cols)) != width {
			d.broken("%s of %d columns over %d", r.what, width, len(in.cols))
		}
		n := d.exact(in, r.what)
		if d.err != nil {
			return stub()
		}
		if i == 0 {
			out = rel{node: n, cols: in.cols}
			continue
		}
		out = d.combine(kind, all, out.node, n)
	}
	return out
}

func (d *decoder) combine(kind ir.SetKind, all bool, left, right ir.Node) rel {
	n := &ir.SetOp{Kind: kind, All: all, Left: left, Right: right}
	other := right.Output()
	for i, c := range left.Output() {
		if !c.Type.Equal(other[i].Type) {
			d.broken("column %d of a set operation is %s and %s", i+1, c.Type, other[i].Type)
		}
		n.Columns = append(n.Columns, d.plan.NewColumn(c.Name, c.Type))
	}
	return rel{node: n, cols: n.Columns}
}
