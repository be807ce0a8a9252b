package logical

import (
	"strconv"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// folding tells, for each aggregate with data, how its data become arguments again.
var folding = map[string]func(d *decoder, data *reader, args []ir.Expr, result catalog.Type) []ir.Expr{
	"string_agg": separator, "group_concat": separator, "listagg": separator,
	"quantile_cont": quantiles, "quantile_disc": quantiles, "median": half,
	"approx_quantile": approximate,
}

func separator(_ *decoder, data *reader, _ []ir.Expr, _ catalog.Type) []ir.Expr {
	return []ir.Expr{plain(catalog.Type{Kind: catalog.Text}, data.text("separator"))}
}

// half makes sure that a median is one; it takes no argument.
func half(d *decoder, data *reader, args []ir.Expr, result catalog.Type) []ir.Expr {
	q := quantiles(d, data, args, result)
	if len(q) != 1 || d.err != nil {
		return nil
	}
	if c, ok := q[0].(*ir.Const); !ok || c.Value.V != "0.5" {
		d.unsupported("a median of another share")
	}
	return nil
}

// quantiles reads one share, or a list of them when the result is a list.
func quantiles(d *decoder, data *reader, args []ir.Expr, result catalog.Type) []ir.Expr {
	list := data.list("quantiles")
	d.positions(data.list("order"), len(list), "the order of quantiles")
	if data.flag("desc") {
		d.unsupported("a quantile from the other end")
	}
	var shares []ir.Expr
	for i := range list {
		shares = append(shares, d.constant(&list[i]))
	}
	return d.shares(shares, args, result)
}

// approximate reads shares as DuckDB keeps them here: as floats of 32 bits.
func approximate(d *decoder, data *reader, args []ir.Expr, result catalog.Type) []ir.Expr {
	list := data.list("quantiles")
	var shares []ir.Expr
	for i := range list {
		f, err := strconv.ParseFloat(list[i].Text, 64)
		if list[i].Kind != number || err != nil || float64(float32(f)) != f {
			d.broken("a quantile that is no share")
		}
		shares = append(shares, plain(catalog.Type{Kind: catalog.Float32}, f))
	}
	return d.shares(shares, args, result)
}

// shares gives one share as it is, several as a list. What is asked for shows in
// the result alone: a list of one share is a list.
func (d *decoder) shares(shares []ir.Expr, args []ir.Expr, result catalog.Type) []ir.Expr {
	if len(args) != 1 || len(shares) == 0 || d.err != nil {
		d.broken("a quantile of %d arguments and %d shares", len(args), len(shares))
		return nil
	}
	of := args[0].Type().Kind
	switch {
	case of == catalog.List:
		d.unsupported("a quantile of lists")
	case result.Kind == catalog.List:
		for _, s := range shares {
			if !s.Type().Equal(shares[0].Type()) {
				d.unsupported("quantiles of several types")
			}
		}
		return []ir.Expr{&ir.Func{Name: "list_value", List: shares, Typ: catalog.ListOf(shares[0].Type())}}
	case len(shares) > 1:
		d.broken("several quantiles in one value")
	}
	return shares
}
