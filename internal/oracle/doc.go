// Package oracle judges the gateway's answers: it holds the same data in one
// DuckDB (Reference), makes statements at random (Generator) over tables with
// every type (TestTables) or takes those of TPC-H (TPCH) and TPC-DS (TPCDS), and
// compares answers (Compare). It knows nothing of the gateway: whatever answers
// SQL is an Engine.
//
// It is for tests alone; an error here shows values of the test data.
package oracle

import "context"

// Engine answers a statement: the gateway under test, or the Reference.
type Engine interface {
	// Query runs one statement and gives its whole answer.
	Query(ctx context.Context, sql string) (Result, error)
}
