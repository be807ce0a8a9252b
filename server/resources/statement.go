package resources

import (
	"maps"
	"strconv"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// Statement is what a Request asks of the resource that it names.
type Statement struct {
	SQL    string
	Params []server.Param
	Shown  []catalog.Column // of the answer; columns behind them are of the order alone

	request Request
	from    Place
	fields  map[string]string // of the address, by the names of Params; those of a place have none
	order   []ordered
	unique  bool // no two rows have the same place
	unpaged bool // rows with the same place may differ
}

// ordered is a column of the order.
type ordered struct {
	catalog.Column
	at      int  // in the statement's columns
	certain bool // never NULL
}

// Find gives the resource that a code names.
func Find(s policy.Snapshot, code string) (*policy.Resource, bool) {
	for _, r := range policy.OrDenied(s).Resources() {
		if catalog.SameName(r.Name(), code) {
			return r, true
		}
	}
	return nil, false
}

// Statement asks for the rows of a page. Identifiers stand quoted in it and values are
// its parameters: no text of the request is SQL.
func (r Request) Statement(of *policy.Resource, from Place) (*Statement, error) {
	s := &Statement{request: r, from: from}
	for _, item := range r.Items {
		c, err := column(of, item)
		if err != nil {
			return nil, err
		}
		s.Shown = append(s.Shown, c)
	}
	if r.Items == nil {
		s.Shown = of.Columns
	}
	if err := s.orderBy(of); err != nil {
		return nil, err
	}
	if from.Values != nil && len(from.Values) != len(s.order) {
		return nil, noPage() // what is open is not what it was
	}
	b := &builder{fields: map[string]string{}}
	limit := " LIMIT " + strconv.Itoa(r.Rows)
	switch {
	case from.Values == nil:
		if err := s.rows(b, of, nil); err != nil {
			return nil, err
		}
	case s.unique:
		if err := s.rows(b, of, func() { b.after(s.order, from.Values) }); err != nil {
			return nil, err
		}
	default:
		// Of the rows with the place of the last one as many are passed over as came. Should
		// fewer be there by now, those behind them are none the less there.
		b.text("SELECT * FROM ((")
		if err := s.rows(b, of, func() { b.at(s.order, from.Values) }); err != nil {
			return nil, err
		}
		b.text(limit + " OFFSET " + strconv.FormatInt(from.Same, 10) + ") UNION ALL (")
		if err := s.rows(b, of, func() { b.after(s.order, from.Values) }); err != nil {
			return nil, err
		}
		b.orderBy(s.order)
		b.text(limit + ")) AS page")
	}
	b.orderBy(s.order)
	b.text(limit)
	s.SQL, s.Params, s.fields = b.sql.String(), b.params, b.fields
	return s, nil
}

// Refused gives an error of the statement in the words of the address: whoever wrote that
// knows of no parameters.
func (s *Statement) Refused(err error) error {
	e := errs.From(err)
	if e == nil {
		return err
	}
	id, ok := map[string]string{"parameter_value": "resources_value", "parameter_too_long": "resources_value_long"}[e.ID]
	if !ok {
		return err
	}
	name, _ := e.Args["Name"].(string)
	field, ok := s.fields[name]
	if !ok {
		field = "page"
	}
	told := *e
	told.ID, told.Args = id, maps.Clone(e.Args)
	told.Args["Name"] = field
	return &told
}

// rows writes a SELECT of those that meet the request's filters and, if there is one, a place.
func (s *Statement) rows(b *builder, of *policy.Resource, place func()) error {
	b.text("SELECT ")
	for i, c := range s.columns() {
		b.comma(i)
		b.name(c.Name)
	}
	b.text(" FROM ")
	for i, part := range of.Path {
		if i > 0 {
			b.text(".")
		}
		b.name(part)
	}
	var where []func()
	for _, f := range s.request.Filters {
		c, err := column(of, f.Item)
		if err != nil {
			return err
		}
		if !canCompare(c.Type) {
			return errs.New(errs.NotSupported, "resources_not_comparable", msg.Args{"Name": c.Name})
		}
		where = append(where, func() {
			b.compare(c, comparisons[f.Compare], f.Value)
			b.fields[strconv.Itoa(len(b.params))] = f.Compare + "." + f.Item
		})
	}
	if place != nil {
		where = append(where, place)
	}
	for i, condition := range where {
		if i == 0 {
			b.text(" WHERE ")
		} else {
			b.text(" AND ")
		}
		condition()
	}
	return nil
}
