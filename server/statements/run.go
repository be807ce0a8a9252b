package statements

import (
	"context"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// run answers a statement and keeps its rows.
func (m *Statements) run(ctx context.Context, st *Statement, r server.Request) (err error) {
	answer, err := m.o.Querier.Query(ctx, st.session, r)
	if err != nil {
		return err
	}
	defer answer.Stream.Release()
	kept, err := m.files.create(ownerOf(st.session), answer.Columns)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			kept.drop(&m.files)
		}
	}()
	st.update(func(s *Status) { s.Columns = answer.Columns })
	for answer.Stream.Next() {
		batch := answer.Stream.RecordBatch()
		if batch.NumRows() == 0 {
			continue
		}
		if err := kept.add(&m.files, batch); err != nil {
			return err
		}
		st.update(func(s *Status) { s.Rows, s.Bytes = kept.rows, kept.bytes })
	}
	if err := answer.Stream.Err(); err != nil {
		return err
	}
	kept.footer = answer.Footer(kept.rows)
	st.mu.Lock()
	defer st.mu.Unlock()
	if ctx.Err() != nil { // it was ended meanwhile, and nobody may have it
		return errs.From(ctx.Err())
	}
	st.result = kept
	return nil
}

func (st *Statement) update(do func(*Status)) {
	st.mu.Lock()
	defer st.mu.Unlock()
	do(&st.status)
}
