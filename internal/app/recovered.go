package app

import (
	"context"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
)

// Recovered is a token that was made by whoever has the store.
type Recovered struct {
	Login string // whose it is
	Made  time.Time
}

// recoveredFor is how long administrators are told.
const recoveredFor = 30 * 24 * time.Hour

// Recovered lists the tokens of late that were made without an administrator's, to the
// administrators; to everybody else none.
func (c *Catalogue) Recovered(ctx context.Context, token string) []Recovered {
	by, state, err := c.Bearer(ctx, token)
	if err != nil || !by.Has(catalog.SystemAdmin) && !by.Has(catalog.SecurityAdmin) && !by.Has(catalog.Auditor) {
		return nil
	}
	return recovered(state)
}

func recovered(state *catalog.State) (out []Recovered) {
	for _, k := range state.Tokens() {
		p, ok := state.Principal(k.Principal)
		if ok && k.Label == store.RecoverLabel && slices.Contains(p.Roles, catalog.SecurityAdmin) && time.Since(k.Created) < recoveredFor {
			out = append(out, Recovered{p.Login, k.Created})
		}
	}
	return out
}
