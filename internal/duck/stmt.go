package duck

import (
	"context"
	"math/big"
	"strings"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// Stmt is a prepared statement.
type Stmt struct {
	conn *Conn
	stmt duckdb.PreparedStatement
}

// ResultColumn is a column of a statement's result, as DuckDB names it.
type ResultColumn struct {
	Name string
	Type catalog.Type // Invalid when the gateway has no such type
}

// Prepare prepares one statement. The caller closes it.
func (c *Conn) Prepare(ctx context.Context, sql string) (*Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stop := c.interruptWith(ctx)
	defer stop()
	s := &Stmt{conn: c}
	if duckdb.Prepare(c.conn, sql, &s.stmt) == duckdb.StateError {
		err := parseError(duckdb.PrepareError(s.stmt))
		duckdb.DestroyPrepare(&s.stmt)
		return nil, orContext(ctx, err)
	}
	return s, nil
}

// Close frees the statement. It may be repeated.
func (s *Stmt) Close() { duckdb.DestroyPrepare(&s.stmt) }

// Select reports whether the statement is a SELECT.
func (s *Stmt) Select() bool {
	return duckdb.PreparedStatementType(s.stmt) == duckdb.StatementTypeSelect
}

// Columns gives the result's columns.
func (s *Stmt) Columns() []ResultColumn {
	out := make([]ResultColumn, duckdb.PreparedStatementColumnCount(s.stmt))
	for i := range out {
		t := duckdb.PreparedStatementColumnLogicalType(s.stmt, duckdb.IdxT(i))
		out[i] = ResultColumn{Name: duckdb.PreparedStatementColumnName(s.stmt, duckdb.IdxT(i)), Type: typeOf(t)}
		duckdb.DestroyLogicalType(&t)
	}
	return out
}

// Params gives each parameter's type by its name: "1", "2" for numbered ones.
// Invalid means that DuckDB could not tell.
func (s *Stmt) Params() map[string]catalog.Type {
	out := map[string]catalog.Type{}
	for i := range duckdb.NParams(s.stmt) {
		t := duckdb.ParamLogicalType(s.stmt, i+1)
		out[duckdb.ParameterName(s.stmt, i+1)] = typeOf(t)
		duckdb.DestroyLogicalType(&t)
	}
	return out
}

// bind gives the parameters their values, in order.
func (s *Stmt) bind(values []catalog.Value) error {
	if n := int(duckdb.NParams(s.stmt)); n != len(values) {
		return &Error{Kind: KindBinder, Message: "number of values differs from number of parameters"}
	}
	for i, v := range values {
		if !bindValue(s.stmt, duckdb.IdxT(i+1), v) {
			return &Error{Kind: KindData, Message: "a parameter's value does not fit its type"}
		}
	}
	return nil
}

func bindValue(stmt duckdb.PreparedStatement, i duckdb.IdxT, v catalog.Value) bool {
	if v.IsNull() {
		return duckdb.BindNull(stmt, i) == duckdb.StateSuccess
	}
	state := duckdb.StateError
	switch x := v.V.(type) {
	case bool:
		state = duckdb.BindBoolean(stmt, i, x)
	case uint64:
		state = duckdb.BindUInt64(stmt, i, x)
	case float64:
		state = duckdb.BindDouble(stmt, i, x)
	case []byte:
		state = duckdb.BindBlob(stmt, i, x)
	case string:
		if v.Type.Kind == catalog.Decimal {
			d, ok := parseDecimal(x, v.Type)
			if !ok {
				return false
			}
			state = duckdb.BindDecimal(stmt, i, d)
		} else {
			state = duckdb.BindVarcharLength(stmt, i, x, duckdb.IdxT(len(x)))
		}
	case int64:
		switch v.Type.Kind {
		case catalog.Date:
			state = duckdb.BindDate(stmt, i, duckdb.NewDate(int32(x)))
		case catalog.Time:
			state = duckdb.BindTime(stmt, i, duckdb.NewTime(x))
		case catalog.Timestamp:
			state = duckdb.BindTimestamp(stmt, i, duckdb.NewTimestamp(x))
		case catalog.TimestampTZ:
			state = duckdb.BindTimestampTZ(stmt, i, duckdb.NewTimestamp(x))
		default:
			state = duckdb.BindInt64(stmt, i, x)
		}
	}
	return state == duckdb.StateSuccess
}

// parseDecimal reads plain digits with at most t.Scale places.
func parseDecimal(s string, t catalog.Type) (duckdb.Decimal, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, frac, _ := strings.Cut(digits, ".")
	if len(frac) > int(t.Scale) || strings.ContainsFunc(whole+frac, func(r rune) bool { return r < '0' || r > '9' }) || whole+frac == "" {
		return duckdb.Decimal{}, false
	}
	n, ok := new(big.Int).SetString(whole+frac+strings.Repeat("0", int(t.Scale)-len(frac)), 10)
	if !ok || n.CmpAbs(tenTo(t.Precision)) >= 0 {
		return duckdb.Decimal{}, false
	}
	if negative {
		n.Neg(n)
	}
	lower := new(big.Int).And(n, mask64).Uint64()
	upper := new(big.Int).Rsh(n, 64).Int64()
	return duckdb.NewDecimal(uint8(t.Precision), uint8(t.Scale), duckdb.NewHugeInt(lower, upper)), true
}

var mask64 = new(big.Int).SetUint64(^uint64(0))

func tenTo(n int32) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
