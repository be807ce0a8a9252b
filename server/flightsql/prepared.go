package flightsql

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// unprepared is the error of a statement that is not to be prepared.
type unprepared struct{ error }

// Unwrap gives the statement's error.
func (u *unprepared) Unwrap() error { return u.error }

// CreatePreparedStatement implements fsql.Server.
func (f *calls) CreatePreparedStatement(ctx context.Context, r fsql.ActionCreatePreparedStatementRequest) (out fsql.ActionCreatePreparedStatementResult, err error) {
	c := callerOf(ctx)
	if len(r.GetTransactionId()) > 0 {
		return out, errs.New(errs.NotSupported, "flight_transaction", nil)
	}
	told, err := f.door.described(ctx, c, r.GetQuery(), nil)
	if err != nil {
		return out, &unprepared{err}
	}
	what := f.door.seal.made(c, r.GetQuery())
	for i, p := range told.Params {
		if p.Type.Kind == catalog.List { // clients of this door send its text
			p.Type = catalog.Type{Kind: catalog.Text}
			told.Params[i] = p
		}
		what.Names, what.Types = append(what.Names, p.Name), append(what.Types, p.Type)
	}
	what.Bound = len(what.Names) == 0
	if out.Handle, err = f.door.seal.seal(preparedKind, what); err != nil {
		return out, err
	}
	out.DatasetSchema, out.ParameterSchema = catalog.ArrowSchema(told.Columns), catalog.ArrowSchema(told.Params)
	return out, nil
}

// prepared opens the handle of a prepared statement that may still be used.
func (d *door) prepared(c *caller, handle []byte) (*sealed, error) {
	what, err := d.seal.opened(preparedKind, handle, c)
	if err != nil {
		return nil, err
	}
	if d.closed.has(what.Number) {
		return nil, errs.New(errs.RequestInvalid, "flight_closed", nil)
	}
	return what, what.current(c)
}

// DoPutPreparedStatementQuery implements fsql.Server: it binds the parameters of a
// prepared statement and gives the handle that has them.
func (f *calls) DoPutPreparedStatementQuery(ctx context.Context, cmd fsql.PreparedStatementQuery, in flight.MessageReader, _ flight.MetadataWriter) ([]byte, error) {
	what, err := f.door.prepared(callerOf(ctx), cmd.GetPreparedStatementHandle())
	if err != nil {
		return nil, err
	}
	if what.Params, err = bound(what, in); err != nil {
		return nil, err
	}
	what.Bound = true
	return f.door.seal.seal(preparedKind, what)
}

// bound reads the parameters of a statement: one row with a column for each.
func bound(what *sealed, in flight.MessageReader) ([]server.Param, error) {
	var params []server.Param
	rows := int64(0)
	for in.Next() {
		batch := in.RecordBatch()
		if batch.NumRows() == 0 {
			continue
		}
		if rows += batch.NumRows(); rows > 1 {
			return nil, errs.New(errs.ParameterInvalid, "flight_params_rows", nil)
		}
		var err error
		if params, err = paramsOf(what, batch); err != nil {
			return nil, err
		}
	}
	if err := in.Err(); err != nil {
		return nil, errs.Wrap(errs.RequestInvalid, "flight_params_unreadable", nil, err)
	}
	if rows == 0 && len(what.Names) > 0 {
		return nil, errs.New(errs.ParameterInvalid, "flight_params_count", msg.Args{"Want": len(what.Names), "Got": 0})
	}
	return params, nil
}

// ClosePreparedStatement implements fsql.Server.
func (f *calls) ClosePreparedStatement(ctx context.Context, r fsql.ActionClosePreparedStatementRequest) error {
	what, err := f.door.seal.opened(preparedKind, r.GetPreparedStatementHandle(), callerOf(ctx))
	if err == nil {
		f.door.closed.add(what.Number)
	}
	return err
}

// DoPutCommandStatementUpdate implements fsql.Server: nothing is changed over this door.
func (*calls) DoPutCommandStatementUpdate(context.Context, fsql.StatementUpdate) (int64, error) {
	return 0, errs.New(errs.ReadOnly, "flight_read_only", nil)
}

// DoPutPreparedStatementUpdate implements fsql.Server.
func (*calls) DoPutPreparedStatementUpdate(context.Context, fsql.PreparedStatementUpdate, flight.MessageReader) (int64, error) {
	return 0, errs.New(errs.ReadOnly, "flight_read_only", nil)
}

// DoPutCommandStatementIngest implements fsql.Server.
func (*calls) DoPutCommandStatementIngest(context.Context, fsql.StatementIngest, flight.MessageReader) (int64, error) {
	return 0, errs.New(errs.ReadOnly, "flight_read_only", nil)
}
