package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
)

// A foreign table counts as one of the database's.
const sqlExamine = `
SELECT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user),
       (SELECT count(*) FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f') AND c.oid IN (` + sqlRelations + `)
          AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))),
       (SELECT count(*) FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'CREATE'))
          + (CASE WHEN has_database_privilege(current_database(), 'CREATE') THEN 1 ELSE 0 END),
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN (` + sqlRelations + `)
          AND NOT (has_schema_privilege(n.oid, 'USAGE') AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT')))),
       pg_is_in_recovery(),
       current_setting('TimeZone'),
       pg_encoding_to_char(d.encoding), d.datcollate, coalesce(to_jsonb(d)->>'datlocprovider', 'c'),
       coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', '')
FROM pg_database d WHERE d.datname = current_database()`

// Examine asks PostgreSQL for the account's privileges and the database's settings.
func (s *source) Examine(ctx context.Context) (*connectors.Examination, error) {
	var row cells
	err := s.with(ctx, func(run context.Context, p *pgconn.PgConn) error {
		r := p.ExecParams(run, sqlExamine, nil, nil, nil, nil).Read()
		if r.Err == nil && len(r.Rows) == 1 {
			row = r.Rows[0]
		}
		return r.Err
	})
	if err != nil {
		return nil, err
	}
	if len(row) == 0 {
		return nil, errs.Internalf("source %s: nothing is said of its account", s.name)
	}
	d := description{}
	if err := d.database(row[6:]); err != nil {
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	return &connectors.Examination{
		Account: connectors.Account{
			Superuser: connectors.AnswerOf(row.yes(0)), Writes: row.count(1), Creates: row.count(2), Denied: row.count(3),
		},
		Standby: connectors.AnswerOf(row.yes(4)), Zone: row.text(5), Encoding: row.text(6),
		Collation: d.fallback.Name, Binary: connectors.AnswerOf(d.utf8 && d.fallback.Binary),
	}, nil
}

func (c cells) count(i int) int {
	n, err := strconv.Atoi(c.text(i))
	if err != nil {
		return -1
	}
	return n
}
