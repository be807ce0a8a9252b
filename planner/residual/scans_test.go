package residual_test

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/residual"
)

// scans gives the rows of tables that lie in the same DuckDB.
func scans(n ir.Node) (string, bool) {
	s, ok := n.(*ir.Scan)
	if !ok {
		return "", false
	}
	items := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		items[i] = catalog.QuoteIdent(c.Base.Name) + " AS " + catalog.QuoteIdent(residual.Name(c.ID))
	}
	return "(SELECT " + strings.Join(items, ", ") + " FROM " + catalog.QuoteIdent(s.Table.ID.Schema) + "." + catalog.QuoteIdent(s.Table.ID.Name) + ")", true
}
