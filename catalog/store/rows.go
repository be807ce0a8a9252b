package store

import (
	"database/sql"
	"encoding/json"
	"net/netip"
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

// shared reads values that many rows have in common, each once: what the store gives is
// never changed, so rows can have one value together.
type shared[T any] map[string]T

func (s shared[T]) into(to *T) sharedIn[T] { return sharedIn[T]{s, to} }

type sharedIn[T any] struct {
	seen shared[T]
	to   *T
}

func (s sharedIn[T]) Scan(from any) error {
	text, ok := from.(string)
	if !ok {
		b, isBytes := from.([]byte)
		if !isBytes {
			return sql.ErrNoRows
		}
		text = string(b)
	}
	if v, ok := s.seen[text]; ok {
		*s.to = v
		return nil
	}
	if err := json.Unmarshal([]byte(text), s.to); err != nil {
		return err
	}
	s.seen[text] = *s.to
	return nil
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

func scanResource(row scanner) (*catalog.Resource, error) { return resourceScanner()(row) }

// resourceScanner reads many resources.
func resourceScanner() func(scanner) (*catalog.Resource, error) {
	items, names := shared[[]catalog.Item]{}, interned{}
	return func(row scanner) (*catalog.Resource, error) {
		r := &catalog.Resource{}
		return r, row.Scan(&r.ID, names.into(&r.Agency), &r.Name, &r.Class, names.into(&r.Source), names.into(&r.Table.Schema), &r.Table.Name, items.into(&r.Items), &r.Version)
	}
}

const grantColumns = "id, resource, grantee_kind, grantee, items, purposes, modes, row_filter, valid_from, valid_until, hours, row_limit, query_limit, granted_by, version"

func scanGrant(row scanner) (*catalog.Grant, error) { return grantScanner()(row) }

// grantScanner reads many grants.
func grantScanner() func(scanner) (*catalog.Grant, error) {
	items, purposes, modes, hours, names := shared[[]catalog.GrantedItem]{}, shared[[]string]{}, shared[[]catalog.Mode]{}, shared[catalog.Hours]{}, interned{}
	return func(row scanner) (*catalog.Grant, error) {
		g := &catalog.Grant{}
		kind := string(g.Grantee.Kind)
		err := row.Scan(&g.ID, names.into(&g.Resource), names.into(&kind), names.into(&g.Grantee.ID), items.into(&g.Items), purposes.into(&g.Purposes), modes.into(&g.Modes),
			names.into(&g.RowFilter), instant{&g.From}, instant{&g.Until}, hours.into(&g.Hours), &g.Rows, &g.Queries, names.into(&g.By), &g.Version)
		g.Grantee.Kind = catalog.GranteeKind(kind)
		return g, err
	}
}

// interned keeps one copy of texts that many rows have in common.
type interned map[string]string

func (n interned) into(to *string) internedIn { return internedIn{n, to} }

type internedIn struct {
	seen interned
	to   *string
}

func (n internedIn) Scan(from any) error {
	switch v := from.(type) {
	case string:
		*n.to = v
	case []byte:
		*n.to = string(v)
	default:
		return sql.ErrNoRows
	}
	if old, ok := n.seen[*n.to]; ok {
		*n.to = old
		return nil
	}
	n.seen[*n.to] = *n.to
	return nil
}

const tokenColumns = "id, principal, label, purposes, modes, created, expires, revoked, hash, addresses, resources, per_minute, signs, sealed"

// stored is a token with the hash that it is found by.
type stored struct {
	catalog.Token
	hash string
}

func scanToken(row scanner) (*stored, error) {
	t := &stored{}
	return t, row.Scan(&t.ID, &t.Principal, &t.Label, list[[]string]{&t.Purposes}, list[[]catalog.Mode]{&t.Modes}, instant{&t.Created}, instant{&t.Expires}, instant{&t.Revoked}, &t.hash, list[[]netip.Prefix]{&t.Addresses},
		list[[]string]{&t.Resources}, &t.PerMinute, &t.Signs, &t.Sealed)
}
