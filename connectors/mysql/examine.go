package mysql

import (
	"context"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

const (
	// What the account was given itself, at each level. What a role gives is not among
	// it.
	sqlPrivileges = `
SELECT '', '', PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES
UNION ALL SELECT TABLE_SCHEMA, '', PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES
UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES
UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, PRIVILEGE_TYPE FROM information_schema.COLUMN_PRIVILEGES`

	sqlSchemata = `
SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE {databases}`

	sqlServer = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'collation_server', 'character_set_server')`
)

// writing are the privileges by which the rows of a table, or the table, can change.
var writing = map[string]bool{"INSERT": true, "UPDATE": true, "DELETE": true, "DROP": true, "ALTER": true}

// Examine asks for the account's privileges and the server's settings.
func (s *source) Examine(ctx context.Context) (*connectors.Examination, error) {
	tables, err := s.Describe(ctx)
	if err != nil {
		return nil, err
	}
	var x *connectors.Examination
	err = s.with(ctx, func(used *session) error {
		x = &connectors.Examination{Zone: "+00:00", Account: connectors.Account{Denied: -1}}
		d := description{only: s.config.database}
		var schemata []string
		if err := d.read(used, sqlServer, func(row cells) {
			switch row.text(0) {
			case "read_only":
				x.Standby = connectors.AnswerOf(row.text(1) != "OFF")
			case "collation_server":
				x.Collation = row.text(1)
			case "character_set_server":
				x.Encoding = row.text(1)
			}
		}); err != nil {
			return err
		}
		if err := d.read(used, d.within(sqlSchemata, "SCHEMA_NAME"), func(row cells) {
			schemata = append(schemata, row.text(0))
			if d.only != "" {
				x.Encoding, x.Collation = row.text(1), row.text(2)
			}
		}); err != nil {
			return err
		}
		x.Binary = connectors.AnswerOf(codePoints[x.Collation])
		given := privileges{}
		if err := d.read(used, sqlPrivileges, given.add); err != nil {
			return err
		}
		x.Account.Superuser = connectors.AnswerOf(given.may("", "", "SUPER"))
		x.Account.Writes, x.Account.Creates = given.count(tables, schemata)
		return nil
	})
	return x, err
}

// privileges are what an account was given: of everything, of a schema, of a table.
type privileges map[catalog.TableID]map[string]bool

func (p privileges) add(row cells) {
	id := catalog.TableID{Schema: row.text(0), Name: row.text(1)}
	if p[id] == nil {
		p[id] = map[string]bool{}
	}
	p[id][row.text(2)] = true
}

func (p privileges) may(schema, table, privilege string) bool {
	if p[catalog.TableID{}][privilege] || p[catalog.TableID{Schema: schema, Name: table}][privilege] {
		return true
	}
	for id, given := range p {
		if id.Name == "" && given[privilege] && like(schema, id.Schema) {
			return true
		}
	}
	return false
}

func (p privileges) count(tables []*catalog.Table, schemata []string) (writes, creates int) {
	for _, t := range tables {
		for privilege := range writing {
			if !t.View && p.may(t.ID.Schema, t.ID.Name, privilege) {
				writes++
				break
			}
		}
	}
	for _, name := range schemata {
		if p.may(name, "", "CREATE") {
			creates++
		}
	}
	return writes, creates
}

// like reports whether a schema's name fits a grant's pattern, in which % stands for
// any text and _ for any character.
func like(name, pattern string) bool {
	for len(pattern) > 0 {
		switch {
		case pattern[0] == '%':
			for i := 0; i <= len(name); i++ {
				if like(name[i:], pattern[1:]) {
					return true
				}
			}
			return false
		case name == "":
			return false
		case pattern[0] == '_':
		default:
			if pattern[0] == '\\' && len(pattern) > 1 {
				pattern = pattern[1:]
			}
			if !strings.EqualFold(name[:1], pattern[:1]) {
				return false
			}
		}
		name, pattern = name[1:], pattern[1:]
	}
	return name == ""
}
