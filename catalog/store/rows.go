package store

import (
	"database/sql"
	"encoding/json"
	"time"

	"github.com/lianji/lianji/catalog"
)

// scanner is a row of an answer.
type scanner interface{ Scan(dest ...any) error }

// list reads and writes a value that a column holds as JSON.
type list[T any] struct{ to *T }

func (l list[T]) Scan(from any) error {
	switch text := from.(type) {
	case string:
		return json.Unmarshal([]byte(text), l.to)
	case []byte:
		return json.Unmarshal(text, l.to)
	}
	return sql.ErrNoRows
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null" // lists and maps of texts and numbers can always be written
	}
	return string(b)
}

// instant reads a time.
type instant struct{ to *time.Time }

func (i instant) Scan(from any) error {
	*i.to = time.Time{}
	if n, ok := from.(int64); ok && n != 0 {
		*i.to = time.UnixMicro(n).UTC()
	}
	return nil
}

func asMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// truth reads a truth value.
type truth struct{ to *bool }

func (b truth) Scan(from any) error {
	n, ok := from.(int64)
	*b.to = ok && n != 0
	return nil
}

const agencyColumns = "id, code, name, credit_code, level, parent, district, version"

func scanAgency(row scanner) (*catalog.Agency, error) {
	a := &catalog.Agency{}
	return a, row.Scan(&a.ID, &a.Code, &a.Name, &a.CreditCode, &a.Level, &a.Parent, &a.District, &a.Version)
}

const principalColumns = "id, login, name, service, agency, roles, attributes, demo, disabled, version"

func scanPrincipal(row scanner) (*catalog.Principal, error) {
	p := &catalog.Principal{}
	return p, row.Scan(&p.ID, &p.Login, &p.Name, truth{&p.Service}, &p.Agency, list[[]catalog.Role]{&p.Roles}, list[map[string]string]{&p.Attributes},
		truth{&p.Demo}, truth{&p.Disabled}, &p.Version)
}

const sourceColumns = "name, agency"

func scanSource(row scanner) (*catalog.Source, error) {
	s := &catalog.Source{}
	return s, row.Scan(&s.Name, &s.Agency)
}

const purposeColumns = "code, name, basis"

func scanPurpose(row scanner) (*catalog.Purpose, error) {
	p := &catalog.Purpose{}
	return p, row.Scan(&p.Code, &p.Name, &p.Basis)
}

const resourceColumns = "id, agency, name, class, source, table_schema, table_name, items, version"

func scanResource(row scanner) (*catalog.Resource, error) {
	r := &catalog.Resource{}
	return r, row.Scan(&r.ID, &r.Agency, &r.Name, &r.Class, &r.Source, &r.Table.Schema, &r.Table.Name, list[[]catalog.Item]{&r.Items}, &r.Version)
}

const grantColumns = "id, resource, grantee_kind, grantee, items, purposes, modes, row_filter, valid_from, valid_until, hours, row_limit, query_limit, granted_by, version"

func scanGrant(row scanner) (*catalog.Grant, error) {
	g := &catalog.Grant{}
	return g, row.Scan(&g.ID, &g.Resource, &g.Grantee.Kind, &g.Grantee.ID, list[[]catalog.GrantedItem]{&g.Items}, list[[]string]{&g.Purposes}, list[[]catalog.Mode]{&g.Modes},
		&g.RowFilter, instant{&g.From}, instant{&g.Until}, list[catalog.Hours]{&g.Hours}, &g.Rows, &g.Queries, &g.By, &g.Version)
}

const tokenColumns = "id, principal, label, purposes, modes, created, expires, revoked, hash"

// stored is a token with the hash that it is found by.
type stored struct {
	catalog.Token
	hash string
}

func scanToken(row scanner) (*stored, error) {
	t := &stored{}
	return t, row.Scan(&t.ID, &t.Principal, &t.Label, list[[]string]{&t.Purposes}, list[[]catalog.Mode]{&t.Modes}, instant{&t.Created}, instant{&t.Expires}, instant{&t.Revoked}, &t.hash)
}
