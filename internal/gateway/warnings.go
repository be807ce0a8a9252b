package gateway

import (
	"slices"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
)

// discreetWarnings gives what a session with grants may be told of what sources warned of:
// its resource and item, never a place. Nothing is told of a source of which policy hides
// rows or values from the statement, or reads something on its behalf: the count would be
// of them too.
func discreetWarnings(all []errs.Warning, named []*policy.Resource, lookups []planner.Read) []errs.Warning {
	var out []errs.Warning
	for _, w := range all {
		source, known := w.Args["Source"].(string)
		ofSource := func(r *policy.Resource) bool { return r.Source == source }
		hides := func(r *policy.Resource) bool { return ofSource(r) && r.Guard != nil }
		if w.Code != errs.ZeroDates || !known || !slices.ContainsFunc(named, ofSource) || slices.ContainsFunc(named, hides) ||
			slices.ContainsFunc(lookups, func(l planner.Read) bool { return ofSource(l.Resource) }) {
			continue
		}
		told := errs.Warning{Code: w.Code, ID: "gateway_zero_dates_somewhere", Args: msg.Args{"Count": w.Args["Count"]}}
		for _, r := range named {
			if !ofSource(r) || w.Args["Table"] != r.Table.ID.Name {
				continue
			}
			for _, c := range r.Columns {
				if c.SourceName == w.Args["Column"] {
					told.ID = "gateway_zero_dates"
					told.Args = msg.Args{"Count": w.Args["Count"], "Resource": r.Name(), "Item": c.Name}
				}
			}
		}
		out = append(out, told)
	}
	return out
}
