package logical

import "github.com/lianji/lianji/planner/ir"

// cteScope is a CTE whose body is being read.
type cteScope struct {
	id   int
	name string
	cols []ir.Column
}

// materialize says which CTEs were asked to be computed once. DuckDB computes a
// plain one once as well, when it is read more than once.
var materialize = map[string]bool{"CTE_MATERIALIZE_DEFAULT": false, "CTE_MATERIALIZE_NEVER": false, "CTE_MATERIALIZE_ALWAYS": true}

func (d *decoder) cte(r *reader) rel {
	index := r.index("table_index")
	r.index("column_count") // not the width: columns may have been taken away
	n := &ir.CTE{ID: d.plan.NewNumber(), Name: r.text("ctename"), Materialized: enum(r, "materialize", materialize)}
	c := r.children(2)
	if c == nil {
		return stub()
	}
	def := d.node(&c[0])
	n.Def = d.exact(def, "a CTE")
	if d.err != nil {
		return stub()
	}
	if _, twice := d.ctes[index]; twice {
		d.unsupported("a CTE within one of the same number")
		return stub()
	}
	n.Materialized = n.Materialized || unsteady(n.Def)
	d.ctes[index] = &cteScope{id: n.ID, name: n.Name, cols: n.Def.Output()}
	body := d.node(&c[1])
	delete(d.ctes, index)
	n.Body = body.node
	return rel{node: n, cols: body.cols}
}

func (d *decoder) cteRef(r *reader) rel {
	r.children(0)
	r.numbers("table_index")
	scope := d.ctes[r.index("cte_index")]
	names, types := r.list("bound_columns"), d.types(r.list("chunk_types"))
	r.not("is_recurring")
	if d.err != nil {
		return stub()
	}
	if scope == nil {
		d.broken("a CTE is read outside of its statement")
		return stub()
	}
	if len(names) != len(scope.cols) || len(types) != len(scope.cols) {
		d.unsupported("%d columns of a CTE of %d", len(types), len(scope.cols))
		return stub()
	}
	n := &ir.CTERef{ID: scope.id, Name: scope.name}
	for i, c := range scope.cols {
		if names[i].Kind != text || !c.Type.Equal(types[i]) {
			d.broken("column %d of a CTE is %s, and read as %s", i+1, c.Type, types[i])
			return stub()
		}
		n.Columns = append(n.Columns, d.plan.NewColumn(names[i].Text, c.Type))
		n.From = append(n.From, c.ID)
	}
	return rel{node: n, cols: n.Columns}
}
