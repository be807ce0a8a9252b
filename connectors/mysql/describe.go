package mysql

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// Describe reads every table and view of the configured database, or of every
// database that is not the server's own where none is configured, as far as the
// account may see them.
func (s *source) Describe(ctx context.Context) ([]*catalog.Table, error) {
	d := description{only: s.config.database}
	err := s.with(ctx, func(used *session) error {
		d.reset()
		version, err := used.query("SELECT VERSION()")
		if err != nil {
			return err
		}
		d.maria = len(version) == 1 && strings.Contains(version[0].text(0), "MariaDB")
		if err := d.read(used, d.within(sqlTables), d.table); err != nil {
			return err
		}
		if d.maria {
			if err := d.read(used, d.within(sqlJSON, "CONSTRAINT_SCHEMA"), d.json); err != nil {
				return err
			}
		}
		if err := d.read(used, d.within(sqlColumns), d.column); err != nil {
			return err
		}
		return d.read(used, d.within(sqlKeys), d.key)
	})
	if err != nil {
		return nil, err
	}
	return d.build(), nil
}

// description collects what the statements answer.
type description struct {
	only  string // the database; empty for all
	maria bool

	described []*described
	byName    map[catalog.TableID]*described
	jsons     map[catalog.TableID]map[string]bool // columns of MariaDB's type JSON, which is text with a check
}

type described struct {
	table *catalog.Table
	names []string // of its columns at the source
	keys  []*describedKey
}

type describedKey struct {
	name    string
	columns []string
	whole   bool // no part of it is a prefix of a column or an expression
}

func (d *description) reset() {
	*d = description{
		only: d.only, byName: map[catalog.TableID]*described{},
		jsons: map[catalog.TableID]map[string]bool{},
	}
}

// within completes a statement with the databases that are asked for, by the column
// that names them.
func (d *description) within(sql string, column ...string) string {
	name := "TABLE_SCHEMA"
	if len(column) > 0 {
		name = column[0]
	}
	condition := name + " NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"
	if d.only != "" {
		condition = name + " = _utf8mb4 X'" + hexadecimal(d.only) + "'"
	}
	return strings.Replace(sql, "{databases}", condition, 1)
}

func hexadecimal(s string) string {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		out = append(out, digits[s[i]>>4], digits[s[i]&15])
	}
	return string(out)
}

func (d *description) read(used *session, sql string, take func(cells)) error {
	rows, err := used.query(sql)
	for _, row := range rows {
		take(row)
	}
	return err
}

func (d *description) table(row cells) {
	id := catalog.TableID{Schema: row.text(0), Name: row.text(1)}
	// The server compares names without case where its tables have case.
	if d.only != "" && id.Schema != d.only {
		return
	}
	t := &described{table: &catalog.Table{ID: id, View: row.text(2) == "VIEW", Rows: -1}}
	if !t.table.View {
		t.table.Comment = row.text(4) // of a view it is the word VIEW, or why it is broken
		if rows, err := strconv.ParseInt(row.text(3), 10, 64); err == nil && rows >= 0 {
			t.table.Rows = rows
		}
	}
	d.byName[id] = t
	d.described = append(d.described, t)
}

// codePoints are the collations that compare text as it is compared here: by code
// point, without padding or folding. Those of other character sets order by their own
// codes.
var codePoints = map[string]bool{
	"utf8mb4_nopad_bin": true, "utf8mb3_nopad_bin": true, "utf8_nopad_bin": true, "ascii_nopad_bin": true, // MariaDB
	"utf8mb4_0900_bin": true, // MySQL; its utf8mb4_bin, as MariaDB's, pads
}

func (d *description) json(row cells) {
	id, column := catalog.TableID{Schema: row.text(0), Name: row.text(1)}, row.text(2)
	if row.text(3) != "json_valid(`"+strings.ReplaceAll(column, "`", "``")+"`)" {
		return
	}
	if d.jsons[id] == nil {
		d.jsons[id] = map[string]bool{}
	}
	d.jsons[id][column] = true
}

func (d *description) column(row cells) {
	t := d.byName[catalog.TableID{Schema: row.text(0), Name: row.text(1)}]
	if t == nil {
		return
	}
	c := catalog.Column{
		SourceName: row.text(2), SourceType: row.text(4), NotNull: row.text(5) == "NO", Comment: row.text(7),
		Type: resolve(row.text(3), row.text(4)),
	}
	c.NumberAsText = c.Type.Kind == catalog.Text && kinds[row.text(3)] == catalog.Decimal
	// Computed when it is read, which may fail: planner/dialect asks.
	if strings.Contains(row.text(8), "VIRTUAL") {
		c.SourceType += " GENERATED"
	}
	if d.jsons[t.table.ID][c.SourceName] && c.Type.Kind == catalog.Text {
		c.Type = catalog.Type{Kind: catalog.JSON}
	}
	if name := row.text(6); name != "" && c.Type.Kind == catalog.Text {
		c.Collation = catalog.Collation{Name: name, Binary: codePoints[name]}
		// An enum's own comparisons follow the order of its labels.
		if kind := row.text(3); kind == "enum" || kind == "set" {
			c.Collation.Binary = false
		}
	}
	t.names = append(t.names, c.SourceName)
	t.table.Columns = append(t.table.Columns, c)
}

func (d *description) key(row cells) {
	t := d.byName[catalog.TableID{Schema: row.text(0), Name: row.text(1)}]
	if t == nil {
		return
	}
	name := row.text(2)
	if len(t.keys) == 0 || t.keys[len(t.keys)-1].name != name {
		t.keys = append(t.keys, &describedKey{name: name, whole: true})
	}
	k := t.keys[len(t.keys)-1]
	k.columns = append(k.columns, row.text(3))
	k.whole = k.whole && row[3] != nil && row[4] == nil // a column, all of it
}

func (d *description) build() []*catalog.Table {
	slices.SortFunc(d.described, func(a, b *described) int {
		if c := strings.Compare(a.table.ID.Schema, b.table.ID.Schema); c != 0 {
			return c
		}
		return strings.Compare(a.table.ID.Name, b.table.ID.Name)
	})
	tables := make([]*catalog.Table, len(d.described))
	for i, t := range d.described {
		for k, name := range catalog.PublishNames(t.names) {
			t.table.Columns[k].Name = name
		}
		for _, k := range t.keys {
			t.addKey(k)
		}
		tables[i] = t.table
	}
	return tables
}

func (t *described) addKey(k *describedKey) {
	if !k.whole {
		return
	}
	key := make([]string, len(k.columns))
	dated := false
	for i, name := range k.columns {
		at := slices.Index(t.names, name)
		if at < 0 {
			return
		}
		c := t.table.Columns[at]
		key[i] = c.Name
		switch c.Type.Kind {
		case catalog.Date, catalog.Timestamp, catalog.TimestampTZ:
			dated = true
		}
	}
	// Of a date that is none NULL is read, which a primary key has not.
	if k.name == "PRIMARY" && !dated {
		t.table.PrimaryKey = key
	} else {
		t.table.Unique = append(t.table.Unique, key)
	}
}
