package pgwire

import (
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/sqltext"
)

// Metabase names itself when it connects. When it gets to know a database, and at night, it
// reads rows of every table for itself, 10,000 of each. Before what a person asks for it
// writes who that is; before its own it writes its name alone.
const (
	readsAhead    = "Metabase"
	askedByPerson = "-- Metabase:: userID: "
)

// ahead refuses what a tool reads that no person asked it for: a grant is for a purpose, and
// a tool that looks around has none. Its questions about the catalogue are answered before.
func (r *router) ahead(sql string) error {
	if !strings.HasPrefix(r.c.settings.text("application_name"), readsAhead) || ofPerson(sql) || sqltext.NoRows(sql) || !readsTable(sql) {
		return nil
	}
	return errs.New(errs.NotSupported, "pgwire_ahead", nil)
}

// ofPerson tells whether a statement says for which person Metabase sends it.
func ofPerson(sql string) bool {
	who, ok := strings.CutPrefix(strings.TrimLeft(sql, " \t\r\n"), askedByPerson)
	return ok && who != "" && '0' <= who[0] && who[0] <= '9'
}

// readsTable tells whether a statement may read a table.
func readsTable(sql string) bool {
	tokens, err := sqltext.Tokens(sql)
	if err != nil {
		return true
	}
	for _, t := range tokens {
		if t.Is(sql, "FROM") || t.Is(sql, "TABLE") {
			return true
		}
	}
	return false
}
