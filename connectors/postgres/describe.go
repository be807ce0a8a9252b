package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// Describe reads every table, partition, view, materialised view and foreign
// table outside of PostgreSQL's own schemas, whether the login may read it or
// not: that is said when it is scanned.
func (s *source) Describe(ctx context.Context) ([]*catalog.Table, error) {
	var answers []*pgconn.Result
	err := s.with(ctx, func(run context.Context, p *pgconn.PgConn) (err error) {
		answers, err = p.Exec(run, sqlDescribe).ReadAll()
		return err
	})
	if err != nil {
		return nil, err
	}
	const settings, parts = 2, 8
	if len(answers) != parts {
		return nil, errs.Internalf("source %s: %d answers about the catalogue, not %d", s.name, len(answers), parts)
	}
	d := description{}
	for i, take := range []func(cells) error{d.database, d.tables, d.columns, d.types, d.collations, d.keys} {
		for _, row := range answers[settings+i].Rows {
			if err := take(row); err != nil {
				return nil, errs.Wrap(errs.Internal, "internal", nil, err)
			}
		}
	}
	return d.build(), nil
}

// cells is a row of the catalogue as text.
type cells [][]byte

func (c cells) text(i int) string { return string(c[i]) }

func (c cells) yes(i int) bool { return string(c[i]) == "t" }

func (c cells) number(i int) (uint32, error) {
	n, err := strconv.ParseUint(string(c[i]), 10, 32)
	return uint32(n), err
}

// description collects what the statements of sqlDescribe answer, in their order.
type description struct {
	utf8      bool
	fallback  catalog.Collation // the database's own
	described []*described
	byNumber  map[uint32]*described
	typeRows  map[uint32]typeRow
	collation map[uint32]catalog.Collation
}

type described struct {
	table   *catalog.Table
	columns []describedColumn
	keys    []describedKey
}

type describedColumn struct {
	position  string // attnum, which keys refer to
	column    catalog.Column
	number    uint32
	mod       int32
	collation uint32
}

type describedKey struct {
	primary   bool
	positions []string
}

func (d *description) database(row cells) error {
	d.utf8 = row.text(0) == "UTF8"
	name := row.text(1)
	if provider := row.text(2); provider != "c" {
		name = row.text(3)
		d.fallback = catalog.Collation{Name: name, Binary: provider == builtinProvider}
	} else {
		d.fallback = catalog.Collation{Name: name, Binary: bytewise(name)}
	}
	return nil
}

// builtinProvider orders every one of its collations by code point.
const builtinProvider = "b"

// bytewise reports that a locale of the C library orders by bytes, which in UTF-8
// is by code point. C.UTF-8 is not among them: older C libraries, which many
// servers still have, do not order all of it so.
func bytewise(locale string) bool { return locale == "C" || locale == "POSIX" }

func (d *description) tables(row cells) error {
	number, err := row.number(0)
	if err != nil {
		return err
	}
	rows, err := strconv.ParseInt(row.text(4), 10, 64)
	if err != nil {
		return err
	}
	t := &described{table: &catalog.Table{
		ID: catalog.TableID{Schema: row.text(1), Name: row.text(2)}, View: row.yes(3), Rows: rows, Comment: row.text(5),
	}}
	if d.byNumber == nil {
		d.byNumber = map[uint32]*described{}
	}
	d.byNumber[number] = t
	d.described = append(d.described, t)
	return nil
}

func (d *description) columns(row cells) error {
	table, err := row.number(0)
	if err != nil {
		return err
	}
	number, err := row.number(4)
	if err != nil {
		return err
	}
	mod, err := strconv.ParseInt(row.text(5), 10, 32)
	if err != nil {
		return err
	}
	collation, err := row.number(7)
	if err != nil {
		return err
	}
	if t := d.byNumber[table]; t != nil {
		t.columns = append(t.columns, describedColumn{
			position: row.text(1), number: number, mod: int32(mod), collation: collation,
			column: catalog.Column{SourceName: row.text(2), SourceType: row.text(3), NotNull: row.yes(6), Comment: row.text(8)},
		})
	}
	return nil
}

func (d *description) types(row cells) error {
	number, err := row.number(0)
	if err != nil {
		return err
	}
	base, err := row.number(2)
	if err != nil {
		return err
	}
	mod, err := strconv.ParseInt(row.text(3), 10, 32)
	if err != nil {
		return err
	}
	elem, err := row.number(4)
	if err != nil {
		return err
	}
	if d.typeRows == nil {
		d.typeRows = map[uint32]typeRow{}
	}
	d.typeRows[number] = typeRow{class: row.text(1), base: base, mod: int32(mod), elem: elem}
	return nil
}

func (d *description) collations(row cells) error {
	number, err := row.number(0)
	if err != nil {
		return err
	}
	if d.collation == nil {
		d.collation = map[uint32]catalog.Collation{}
	}
	c := catalog.Collation{Name: row.text(1)}
	switch provider := row.text(2); provider {
	case "d":
		c = d.fallback
	case "c":
		c.Binary = bytewise(row.text(3))
	case builtinProvider:
		c.Binary = true
	}
	d.collation[number] = c
	return nil
}

func (d *description) keys(row cells) error {
	table, err := row.number(0)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(row.text(2))
	if err != nil {
		return err
	}
	positions := strings.Fields(row.text(3)) // columns that are only included follow the key's
	if t := d.byNumber[table]; t != nil && n <= len(positions) {
		t.keys = append(t.keys, describedKey{primary: row.yes(1), positions: positions[:n]})
	}
	return nil
}

func (d *description) build() []*catalog.Table {
	tables := make([]*catalog.Table, len(d.described))
	for i, t := range d.described {
		names := make([]string, len(t.columns))
		for k, c := range t.columns {
			names[k] = c.column.SourceName
		}
		byPosition := map[string]string{}
		for k, name := range catalog.PublishNames(names) {
			c := t.columns[k]
			c.column.Name = name
			c.column.Type = resolve(d.typeRows, c.number, c.mod)
			c.column.Collation = d.collationOf(c)
			c.column.NumberAsText = c.column.Type.Kind == catalog.Text && wireTypes[base(d.typeRows, c.number)].kind == catalog.Decimal
			byPosition[c.position] = name
			t.table.Columns = append(t.table.Columns, c.column)
		}
		for _, k := range t.keys {
			key := make([]string, len(k.positions))
			for j, p := range k.positions {
				key[j] = byPosition[p]
			}
			if k.primary {
				t.table.PrimaryKey = key
			} else {
				t.table.Unique = append(t.table.Unique, key)
			}
		}
		tables[i] = t.table
	}
	return tables
}

// collationOf gives the collation of a column that is read as text. It has a
// name only where the database's encoding is UTF-8: planner/dialect takes the
// name as the sign that every text can be sent. What is text only by a cast is
// compared, once cast, as the database compares; its own comparisons, which may
// pad or fold or follow an enum's order, are none of text.
func (d *description) collationOf(c describedColumn) catalog.Collation {
	if !d.utf8 || c.column.Type.Kind != catalog.Text {
		return catalog.Collation{}
	}
	collation := d.fallback
	if c.collation != 0 {
		collation = d.collation[c.collation]
	}
	const name, text, varchar = 19, 25, 1043
	switch base(d.typeRows, c.number) {
	case name, text, varchar:
	default:
		collation.Binary = false
	}
	return collation
}
