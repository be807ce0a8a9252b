package pgwire

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// parameter is what is known of one.
type parameter struct {
	typ catalog.Type // that it is bound as
	oid uint32       // that the client was told
	// open says that typ stands for any number: PostgreSQL's numeric has no digits of its own,
	// and the statement asks for none.
	open bool
}

// anyNumber stands for a numeric, or the elements of an array of such, until its value is known.
var anyNumber = catalog.DecimalOf(18, 3)

// anyDigits tells whether a number in place of the parameter would keep its own digits: beside
// floating point it does, and where the planner says of a place that it takes any number.
func (p parameter) anyDigits() bool {
	t := p.typ
	switch {
	case p.oid == pgvalue.ArrayOf(pgvalue.NumericOID) && t.Kind == catalog.List:
		t = *t.Elem
	case p.oid != pgvalue.NumericOID:
		return false
	}
	return t.Equal(anyNumber) || t.Kind == catalog.Float64 || t.Kind == catalog.Float32
}

// numeric gives the parameters that the client declared as numeric, or as arrays of such,
// and whose place in the statement takes text as well: they are numbers all the same.
func (s *prepared) numeric(found []catalog.Column) (again bool) {
	for i := range min(len(s.params), len(found)) {
		switch p := &s.params[i]; {
		case p.open:
		case p.oid == pgvalue.NumericOID && found[i].Type.Kind == catalog.Text:
			p.typ, p.open, again = anyNumber, true, true
		case p.oid == pgvalue.ArrayOf(pgvalue.NumericOID) && !ofNumbers(found[i].Type):
			p.typ, p.open, again = catalog.ListOf(anyNumber), true, true
		}
	}
	return again
}

// ofNumbers tells whether a type is a list of numbers.
func ofNumbers(t catalog.Type) bool {
	if t.Kind != catalog.List {
		return false
	}
	switch pgvalue.Of(*t.Elem).OID {
	case pgvalue.Int2OID, pgvalue.Int4OID, pgvalue.Int8OID, pgvalue.Float4OID, pgvalue.Float8OID, pgvalue.NumericOID:
		return true
	}
	return false
}

// value reads a parameter's value.
func (c *conn) value(s *prepared, i int, raw []byte, isBinary bool) (server.Param, error) {
	p, name := s.params[i], strconv.Itoa(i+1)
	v := server.Param{Type: p.typ, Null: raw == nil}
	if raw == nil {
		return v, nil
	}
	refused := errs.New(errs.ParameterInvalid, "parameter_value", msg.Args{"Name": name, "Type": p.typ.DuckDB()})
	if isBytes(p.oid) && !p.typ.Equal(bytesOf(p.oid)) { // what is text there would be other text
		return v, refused
	}
	if p.typ.Kind == catalog.List {
		items, err := pgvalue.ListParam(raw, isBinary, p.oid, p.typ, c.settings.timeZone())
		switch {
		case errors.Is(err, pgvalue.ErrNested):
			return v, errs.New(errs.NotSupported, "parameter_list_nested", msg.Args{"Name": name})
		case err != nil:
			return v, refused
		}
		v.List, v.Items = true, items
		if p.oid != pgvalue.ArrayOf(pgvalue.NumericOID) || !p.open && fits(*p.typ.Elem, items) {
			return v, nil
		}
		switch t, ok := numberOf(items); {
		case ok:
			v.Type = catalog.ListOf(t)
		case !fits(*p.typ.Elem, items): // what is no number may be a DOUBLE
			return v, refused
		}
		return v, nil
	}
	if pgvalue.IsArray(p.oid) {
		return v, refused
	}
	text, ok := pgvalue.Param(raw, isBinary, p.oid, p.typ, c.settings.timeZone())
	if !ok {
		return v, refused
	}
	v.Text = text
	if one := []*string{&text}; p.oid == pgvalue.NumericOID && (p.open || !fits(p.typ, one)) {
		if v.Type, ok = numberOf(one); !ok {
			return v, refused
		}
	}
	return v, nil
}

// isBytes tells whether a type of PostgreSQL's is bytea, or an array of such.
func isBytes(oid uint32) bool {
	return oid == pgvalue.ByteaOID || oid == pgvalue.ArrayOf(pgvalue.ByteaOID)
}

func bytesOf(oid uint32) catalog.Type {
	t, _ := pgvalue.Declared(oid)
	return t
}

// fits tells whether texts are values of a type.
func fits(t catalog.Type, items []*string) bool {
	return !slices.ContainsFunc(items, func(item *string) bool {
		if item == nil {
			return false
		}
		_, err := planner.Param{Type: t}.Value(*item)
		return err != nil
	})
}

// numberOf gives the type that numbers have if they stand in the statement: the smallest
// that DuckDB gives to all of them.
func numberOf(items []*string) (catalog.Type, bool) {
	const most = 38
	whole, scale := 1, 0
	point, small := false, true
	for _, item := range items {
		if item == nil {
			continue
		}
		digits, places, dot := strings.Cut(strings.TrimPrefix(*item, "-"), ".")
		if digits+places == "" || strings.Trim(digits+places, "0123456789") != "" {
			return catalog.Type{}, false
		}
		if !dot {
			_, err := strconv.ParseInt(*item, 10, 32)
			small = small && err == nil
		}
		point = point || dot
		whole, scale = max(whole, len(strings.TrimLeft(digits, "0"))), max(scale, len(places))
	}
	switch {
	case whole+scale > most:
		return catalog.Type{}, false
	case point:
		return catalog.DecimalOf(int32(whole+scale), int32(scale)), true
	case small:
		return catalog.Type{Kind: catalog.Int32}, true
	case whole < len("9223372036854775807"):
		return catalog.Type{Kind: catalog.Int64}, true
	}
	return catalog.DecimalOf(int32(whole), 0), true
}

// sameTypes tells whether columns have the types of PostgreSQL's that the statement's have.
func (s *prepared) sameTypes(columns []catalog.Column) bool {
	return slices.EqualFunc(s.columns, columns, func(a, b catalog.Column) bool { return s.style.Of(a.Type).OID == s.style.Of(b.Type).OID })
}

// retyped asks what a portal's columns are where its values have other types than the
// statement was prepared with. A client that was told of the columns gets values of the same
// types of PostgreSQL's, or an error.
func (c *conn) retyped(ctx context.Context, s *prepared, p *portal) error {
	if s.columns == nil {
		return nil
	}
	now, changed := &prepared{sql: s.sql, command: s.command}, false
	for i, v := range p.params {
		now.params = append(now.params, parameter{typ: v.Type, oid: s.params[i].oid})
		changed = changed || !v.Type.Equal(s.params[i].typ)
	}
	if !changed {
		return nil
	}
	if err := c.look(ctx, now); err != nil {
		return err
	}
	if s.shown && !s.sameTypes(now.columns) {
		return errs.New(errs.NotSupported, "pgwire_changed", nil)
	}
	p.columns = now.columns
	return nil
}

// told tells a client of a statement's parameters.
func (s *prepared) told() *pgproto3.ParameterDescription {
	oids := make([]uint32, len(s.params))
	for i, p := range s.params {
		oids[i] = p.oid
	}
	return &pgproto3.ParameterDescription{ParameterOIDs: oids}
}
