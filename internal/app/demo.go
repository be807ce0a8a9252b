package app

import (
	"context"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server/listen"
)

// ListenDemo is ListenHTTP for a store that may hold principals of the sample city.
func (a *App) ListenDemo(ctx context.Context, address string) (*Door, error) {
	if _, err := a.Catalogue(); err != nil {
		return nil, err
	}
	return a.listen(ctx, address, listen.Loopback, a.Session)
}

// refuseDemo refuses a store that holds principals of the sample city: the tokens of
// all of them lie in one file, and were shown on a screen.
func (a *App) refuseDemo() error {
	state, err := a.Catalogue()
	if err != nil {
		return err
	}
	for _, p := range state.Principals() {
		if p.Demo {
			return errs.New(errs.ConfigInvalid, "app_demo_principals", msg.Args{"File": a.cfg.File, "Login": p.Login})
		}
	}
	return nil
}
