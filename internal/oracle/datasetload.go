package oracle

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lianji/lianji/catalog"
)

// datasetColumns gives a table's columns as DuckDB's generator types them, each a
// name and a letter of datasetTypes. The key comes first, as many columns as the
// number says.
type datasetColumns struct {
	key     int
	columns string
}

var datasetTypes = map[string]catalog.Type{
	"i": {Kind: catalog.Int32}, "I": {Kind: catalog.Int64}, "t": {Kind: catalog.Text}, "D": {Kind: catalog.Date},
	"c": catalog.DecimalOf(5, 2), "m": catalog.DecimalOf(7, 2), "d": catalog.DecimalOf(15, 2),
}

func (d dataset) columnsOf(table string, f Flavour) []catalog.Column {
	var out []catalog.Column
	for _, word := range strings.Fields(d.columns[table].columns) {
		name, letter, _ := strings.Cut(word, ":")
		t := datasetTypes[letter]
		if f == SQLite && t.Kind == catalog.Int32 {
			t = datasetTypes["I"]
		}
		out = append(out, catalog.Column{Name: name, Type: t})
	}
	return out
}

func (r *Reference) loadDataset(ctx context.Context, d dataset, dir, table string, f Flavour, path []string) error {
	if err := r.Place(ctx, path...); err != nil {
		return err
	}
	return r.Exec(ctx, "CREATE TABLE "+Table{Path: path}.SQLPath()+" AS "+d.selectTable(dir, table, f))
}

func (d dataset) selectTable(dir, table string, f Flavour) string {
	var items []string
	for _, c := range d.columnsOf(table, f) {
		items = append(items, "CAST("+c.Name+" AS "+c.Type.DuckDB()+") AS "+c.Name)
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM " + quote(filepath.Join(dir, table+".parquet"))
}

// createTable writes the CREATE TABLE of a source.
func (d dataset) createTable(table string, f Flavour) string {
	columns := d.columnsOf(table, f)
	var items, key []string
	for i, c := range columns {
		items = append(items, c.Name+" "+f.TypeName(c.Type))
		if i < d.columns[table].key {
			key = append(key, c.Name)
		}
	}
	if len(key) > 0 {
		items = append(items, "PRIMARY KEY ("+strings.Join(key, ", ")+")")
	}
	return "CREATE TABLE " + table + " (" + strings.Join(items, ", ") + ")"
}

func (d dataset) fill(ctx context.Context, f Flavour, target, dir string, tables []string) error {
	r, err := openReference(ctx, "")
	if err != nil {
		return err
	}
	switch f {
	case PostgreSQL:
		err = d.fillPostgres(ctx, r, target, dir, tables)
	case SQLite:
		err = d.fillSQLite(ctx, r, target, dir, tables)
	default:
		err = d.fillDuckDB(ctx, r, target, dir, tables)
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return err
}

func (d dataset) eachText(ctx context.Context, dir, table string, row func([]any) error) error {
	r, err := openReference(ctx, "")
	if err != nil {
		return err
	}
	var items []string
	for _, c := range d.columnsOf(table, MySQL) {
		items = append(items, "CAST("+c.Name+" AS VARCHAR)")
	}
	err = r.eachRow(ctx, "SELECT "+strings.Join(items, ", ")+" FROM ("+d.selectTable(dir, table, MySQL)+")", row)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return err
}

func (d dataset) fillDuckDB(ctx context.Context, r *Reference, file, dir string, tables []string) error {
	if err := r.Exec(ctx, "ATTACH "+quote(file)+" AS target"); err != nil {
		return err
	}
	for _, t := range tables {
		if err := r.Exec(ctx, "CREATE TABLE target.main."+t+" AS "+d.selectTable(dir, t, DuckDB)); err != nil {
			return err
		}
	}
	return r.Exec(ctx, "DETACH target")
}

// fillPostgres goes through CSV files: DuckDB writes and PostgreSQL reads them
// much faster than rows of Go values.
func (d dataset) fillPostgres(ctx context.Context, r *Reference, url, dir string, tables []string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	temp, err := os.MkdirTemp("", d.name+"-csv-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	for _, t := range tables {
		file := filepath.Join(temp, t+".csv")
		if err := r.Exec(ctx, "COPY ("+d.selectTable(dir, t, PostgreSQL)+") TO "+quote(file)+" (FORMAT csv, HEADER false)"); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, d.createTable(t, PostgreSQL)); err != nil {
			return err
		}
		if err := copyFile(ctx, conn, file, t); err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, "ANALYZE")
	return err
}

func copyFile(ctx context.Context, conn *pgx.Conn, file, table string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = conn.PgConn().CopyFrom(ctx, in, "COPY "+table+" FROM STDIN (FORMAT csv)")
	return err
}
