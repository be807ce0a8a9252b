package flightsql

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/server"
)

func (d *door) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	err = d.call(ctx, info.FullMethod, func(ctx context.Context) error {
		resp, err = handler(ctx, req)
		return err
	})
	return resp, err
}

func (d *door) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return d.call(ss.Context(), info.FullMethod, func(ctx context.Context) error {
		return handler(srv, &called{ss, ctx})
	})
}

// called is a stream whose context knows its caller.
type called struct {
	grpc.ServerStream
	ctx context.Context
}

func (c *called) Context() context.Context { return c.ctx }

// call answers one call, whatever it is of: it finds out who makes it, ends it with the
// door, and makes the status of an error.
func (d *door) call(ctx context.Context, method string, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.life, func() { cancel(context.Cause(d.life)) })()
	c := &caller{id: newID()}
	began := time.Now()
	// A client that has gone needs no header.
	_ = grpc.SetHeader(ctx, metadata.Pairs(QueryIDHeader, c.id))
	err := safego.Call(func() error { return d.admit(ctx, c) })
	if err != nil {
		err = d.refused(ctx, c, err)
	} else {
		if c.waits(method) {
			_ = grpc.SetHeader(ctx, metadata.Pairs(authorizationHeader, c.bearer()))
		}
		err = safego.Call(func() error { return do(context.WithValue(ctx, callerKey{}, c)) })
	}
	if err == nil {
		return nil
	}
	err = because(ctx, err)
	if !c.told {
		d.Logger.LogAttrs(context.WithoutCancel(ctx), slog.LevelWarn, "flight", tracing.Attr([]slog.Attr{
			slog.String("id", c.id), slog.String("method", method[strings.LastIndexByte(method, '/')+1:]), slog.Any("error", err),
			slog.Duration("took", time.Since(began).Round(time.Microsecond)),
		}, c.followed)...)
	}
	return c.status(err)
}

// refused tells whoever keeps account of it that a call was refused before anything in
// it was looked at.
func (d *door) refused(ctx context.Context, c *caller, err error) error {
	if d.Refused == nil {
		return err
	}
	told := safego.Call(func() error {
		return d.Refused(ctx, server.Refusal{Asker: c.by, Query: c.id, Login: c.login, Code: errs.CodeOf(err)})
	})
	return errors.Join(err, told)
}

// because gives the reason for which a call was ended, in the place of the error that
// it then met.
func because(ctx context.Context, err error) error {
	var own *errs.Error
	var panicked *safego.PanicError
	if errors.As(err, &panicked) {
		own = errs.Wrap(errs.Internal, "internal", nil, err)
		own.Detail = panicked.Detail()
		return own
	}
	if cause := context.Cause(ctx); errors.As(cause, &own) && (errs.CodeOf(err) == errs.Canceled || status.Code(err) == codes.Canceled) {
		return own
	}
	return err
}

// errorDomain says in an error's details whose codes these are.
const errorDomain = "lianji"

// status makes what a client sees of an error: our text, and in the details our code
// with what programs may want to know. What the framework says of a call that it could
// not take apart stays as it is.
func (c *caller) status(err error) error {
	var own *errs.Error
	if s, ok := status.FromError(err); ok && !errors.As(err, &own) {
		return s.Err()
	}
	e := errs.From(err)
	p := output.ProblemOf(e, c.id, c.langs...)
	code := codes.Code(p.Code.GRPC())
	// To a client Unimplemented means that nothing can be prepared here: ADBC's for Python
	// then goes on without, and meets an error that has nothing to do with the statement.
	if statement := (*unprepared)(nil); code == codes.Unimplemented && errors.As(err, &statement) {
		code = codes.InvalidArgument
	}
	s := status.New(code, p.Title)
	info := &errdetails.ErrorInfo{
		Reason: strings.ToUpper(string(p.Code)), Domain: errorDomain,
		Metadata: map[string]string{"code": string(p.Code), "sqlstate": p.Code.SQLState(), "query_id": c.id},
	}
	if p.Position != nil {
		info.Metadata["line"], info.Metadata["column"] = strconv.Itoa(p.Position.Line), strconv.Itoa(p.Position.Column)
		info.Metadata["offset"] = strconv.Itoa(p.Position.Offset)
	}
	if len(p.Nearest) > 0 {
		info.Metadata["nearest"] = strings.Join(p.Nearest, ", ")
	}
	details := []protoadapt.MessageV1{info}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	if with, err := s.WithDetails(details...); err == nil {
		s = with
	}
	return s.Err()
}
