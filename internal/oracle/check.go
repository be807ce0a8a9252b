package oracle

import (
	"context"
	"fmt"
)

// Check runs a statement on both sides and reports a difference: in the answer,
// or in that one side fails and the other does not. Failing statements are rare,
// and which of two errors comes first may differ, so they are not compared. With
// failed set, both sides failed and nothing was compared.
func Check(ctx context.Context, reference, engine Engine, s Statement) (failed bool, err error) {
	want, wantErr := reference.Query(ctx, s.Unlimited)
	got, gotErr := engine.Query(ctx, s.SQL)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case wantErr != nil && gotErr != nil:
		return true, nil
	case wantErr != nil:
		return false, fmt.Errorf("the reference fails, the engine answers %d rows: %w", len(got.Rows), wantErr)
	case gotErr != nil:
		return false, fmt.Errorf("the engine fails, the reference answers %d rows: %w", len(want.Rows), gotErr)
	}
	return false, Compare(want, got, s.Order)
}
