package duck

import (
	"context"
	"regexp"
	"strconv"
	"time"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// Operator is one of DuckDB's operators, with what it did in a statement.
type Operator struct {
	Depth int           // 0 for the outermost
	Name  string        // its kind, such as HASH_JOIN: never an expression or a value
	Rows  int64         // that it gave
	Time  time.Duration // summed over threads; of a scan with its waiting for the source
}

// metrics are all that a profiled connection notes. The rest could hold the
// statement's text and its literals.
const metrics = `{"OPERATOR_TYPE": "true", "OPERATOR_CARDINALITY": "true", "OPERATOR_TIMING": "true"}`

// profile makes the connection note what the operators of its statements do. It
// must come before the configuration is locked.
func (c *Conn) profile(ctx context.Context) error {
	return c.Exec(ctx, "SET SESSION enable_profiling = 'no_output'; SET SESSION custom_profiling_settings = "+quote(metrics))
}

// Operators gives the operators of the connection's last query, outermost first,
// after its rows were read to their end. It is empty unless the connection is
// that of DB.Profiled.
func (c *Conn) Operators() []Operator {
	root := duckdb.GetProfilingInfo(c.conn)
	if root.Ptr == nil {
		return nil
	}
	var out []Operator
	for i := range duckdb.ProfilingInfoGetChildCount(root) {
		out = operators(duckdb.ProfilingInfoGetChild(root, i), 0, out)
	}
	return out
}

func operators(info duckdb.ProfilingInfo, depth int, out []Operator) []Operator {
	o := Operator{Depth: depth, Name: metric(info, "OPERATOR_TYPE")}
	if !operatorName.MatchString(o.Name) {
		o.Name = "OTHER"
	}
	// A metric that DuckDB does not note is empty, and counts as none.
	o.Rows, _ = strconv.ParseInt(metric(info, "OPERATOR_CARDINALITY"), 10, 64)
	seconds, _ := strconv.ParseFloat(metric(info, "OPERATOR_TIMING"), 64)
	o.Time = time.Duration(seconds * float64(time.Second))
	out = append(out, o)
	for i := range duckdb.ProfilingInfoGetChildCount(info) {
		out = operators(duckdb.ProfilingInfoGetChild(info, i), depth+1, out)
	}
	return out
}

var operatorName = regexp.MustCompile(`^[A-Z][A-Z_]*$`)

func metric(info duckdb.ProfilingInfo, key string) string {
	v := duckdb.ProfilingInfoGetValue(info, key)
	if v.Ptr == nil {
		return ""
	}
	defer duckdb.DestroyValue(&v)
	return duckdb.GetVarchar(v)
}
