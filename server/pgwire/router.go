package pgwire

import (
	"context"

	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/command"
	"github.com/lianji/lianji/server/pgwire/pgcatalog"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// router answers what is about PostgreSQL's catalogue here, and hands on the rest. What it
// answers itself touches no source, is no use of a grant and leaves no record.
type router struct {
	c     *conn
	path  []string      // the schemas of the search path
	style pgvalue.Style // of the last answer
}

func (c *conn) querier() *router { return &router{c: c, path: c.settings.searched()} }

func (r *router) facts(s server.Session) pgcatalog.Facts {
	return pgcatalog.Facts{
		User: r.c.user, Database: r.c.database, Version: versionText(), Number: r.c.number, Path: r.c.settings.there(s.Snapshot),
		Setting: func(name string) (string, bool) {
			if _, ok := r.c.settings.get(name); !ok {
				return "", false
			}
			return r.c.show(name), true
		},
		Set: func(ctx context.Context, name string, value *string, local bool) error {
			cmd := command.Command{Kind: command.Set, Name: name, Local: local, Default: value == nil}
			if value != nil {
				cmd.Value = *value
			}
			return r.c.set(ctx, cmd)
		},
	}
}

// Query implements server.Querier.
func (r *router) Query(ctx context.Context, s server.Session, q server.Request) (*server.Answer, error) {
	if answer, mine, err := r.c.door.catalogues.Query(ctx, s, r.facts(s), q); mine {
		r.style.OIDs = true
		return answer, err
	}
	if err := r.ahead(q.SQL); err != nil {
		return nil, err
	}
	s.Snapshot = searching(r.path, s.Snapshot)
	return r.c.door.Querier.Query(ctx, s, q)
}

// Describe implements server.Querier.
func (r *router) Describe(ctx context.Context, s server.Session, q server.Request) (*server.Described, error) {
	if d, mine, err := r.c.door.catalogues.Describe(ctx, s, r.facts(s), q); mine {
		r.style.OIDs = true
		return d, err
	}
	if err := r.ahead(q.SQL); err != nil {
		return nil, err
	}
	s.Snapshot = searching(r.path, s.Snapshot)
	return r.c.door.Querier.Describe(ctx, s, q)
}
