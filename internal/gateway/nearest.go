package gateway

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
)

// mostNear is how many names a mistake is told at most.
const mostNear = 3

// nameSchemas puts first, of the names near to an operator's source.table that is not
// there, those of the tables that are called so in the source's schemas: where there are
// several, no name leaves them out, and with its schema a name can be far from it.
func nameSchemas(s policy.Snapshot, e *errs.Error) *errs.Error {
	name, _ := e.Args["Name"].(string)
	if _, operators := s.(*policy.Direct); !operators || e.ID != "unknown_table" {
		return e
	}
	var near []string
	for _, r := range s.Resources() {
		if catalog.SameName(r.Path[0]+"."+r.Path[len(r.Path)-1], name) {
			near = append(near, r.Name())
		}
	}
	if len(near) == 0 {
		return e
	}
	for _, other := range e.Nearest {
		if !slices.Contains(near, other) {
			near = append(near, other)
		}
	}
	told := *e
	told.Nearest = near[:min(len(near), mostNear)]
	return &told
}
