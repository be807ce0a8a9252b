package gateway

import (
	"context"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// grants answers a GRANT, REVOKE or SHOW GRANTS. It is in the audit log before anything
// is changed. An operator's own statement has no catalogue: there is nobody in whose
// name it could grant.
func grants(ctx context.Context, s server.Session, statement string, params []server.Param, rec *recorded) (*server.Answer, error) {
	switch {
	case s.Grants == nil || s.Operator:
		return nil, errs.New(errs.NotSupported, "grants_no_store", nil)
	case len(params) > 0:
		return nil, errs.New(errs.ParameterInvalid, "grants_parameters", nil)
	}
	if err := rec.begin(ctx); err != nil {
		return nil, err
	}
	t, err := s.Grants(ctx, s, statement)
	if err != nil {
		return nil, err
	}
	return table(t.Columns, t.Rows), nil
}
