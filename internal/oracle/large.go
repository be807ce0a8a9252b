package oracle

import "context"

// PrepareTPCH is TPCH for a program that is no test.
func PrepareTPCH(ctx context.Context, sf float64) (string, error) { return tpch.prepare(ctx, sf) }

// Read gives an answer to use as DuckDB streams it, with DuckDB's own types: for
// answers that are too large for Query.
func (r *Reference) Read(ctx context.Context, text string, use func(Stream) error) error {
	return r.read(ctx, text, use)
}
