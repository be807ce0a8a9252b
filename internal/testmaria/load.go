package testmaria

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/lianji/lianji/internal/safego"
)

var loads atomic.Int64

// Load adds rows to a table by LOAD DATA: hundreds of thousands in a second. table
// is SQL text, in this database unless it names another. A value is nil, int64,
// uint64, float64, string, []byte, or bool for a bit(1), and arrives as those bytes:
// text columns must be in utf8mb4, dates and decimals are given as text, a uuid as its
// 16 bytes.
func (d *Database) Load(tb testing.TB, table string, rows iter.Seq[[]any]) {
	tb.Helper()
	name := "lianji_load_" + strconv.FormatInt(loads.Add(1), 10)
	in, out := io.Pipe()
	written := safego.Run(func() error {
		err := writeRows(out, rows)
		_ = out.CloseWithError(err) // the reader gets it
		return err
	})
	mysql.RegisterReaderHandler(name, func() io.Reader { return in })
	defer mysql.DeregisterReaderHandler(name)
	err := d.loadFrom(name, table)
	_ = in.CloseWithError(io.ErrClosedPipe) // a statement that failed reads no more
	if werr := <-written; err != nil || werr != nil {
		tb.Fatalf("loading %s: %v, %v", table, err, werr)
	}
}

// loadFrom loads what the handler of that name gives. A value that does not fit, which
// LOAD DATA LOCAL would change with no more than a warning, is an error.
func (d *Database) loadFrom(name, table string) error {
	ctx := context.Background()
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "USE "+quote(d.Name)+"; LOAD DATA LOCAL INFILE 'Reader::"+name+"' INTO TABLE "+table+
		` CHARACTER SET binary FIELDS TERMINATED BY X'09' ESCAPED BY '\' LINES TERMINATED BY X'0A'`); err != nil {
		return err
	}
	var level, code, text string
	switch err := conn.QueryRowContext(ctx, "SHOW WARNINGS LIMIT 1").Scan(&level, &code, &text); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%s %s: %s", level, code, text)
}

var escapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\x00", `\0`)

func writeRows(out io.Writer, rows iter.Seq[[]any]) error {
	w := bufio.NewWriterSize(out, 1<<20)
	var number []byte
	for row := range rows {
		for i, v := range row {
			if i > 0 {
				_ = w.WriteByte('\t') // the first failure is what Flush gives
			}
			number = number[:0]
			switch v := v.(type) {
			case nil:
				_, _ = w.WriteString(`\N`)
			case bool:
				if v {
					_ = w.WriteByte(1)
				} else {
					_, _ = w.WriteString(`\0`)
				}
			case int64:
				number = strconv.AppendInt(number, v, 10)
			case uint64:
				number = strconv.AppendUint(number, v, 10)
			case float64:
				number = strconv.AppendFloat(number, v, 'g', -1, 64)
			case string:
				_, _ = escapes.WriteString(w, v)
			case []byte:
				_, _ = escapes.WriteString(w, string(v))
			default:
				return fmt.Errorf("a value of Go's type %T", v)
			}
			_, _ = w.Write(number)
		}
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return w.Flush()
}
