package flightsql

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// cookieName is the cookie's that carries the options of a session: a purpose and a mode,
// which a client may as well send as headers, and no secret.
const cookieName = "lianji_session"

// options are what a session was told, by name.
type options map[string]string

// optionsIn reads the options of a call. Cookies of others are let through unread.
func optionsIn(md metadata.MD) (options, error) {
	out := options{}
	for _, line := range md.Get("cookie") {
		cookies, err := http.ParseCookie(line)
		if err != nil {
			continue
		}
		for _, c := range cookies {
			if c.Name != cookieName {
				continue
			}
			text, err := base64.RawURLEncoding.DecodeString(c.Value)
			if err != nil {
				return nil, errs.New(errs.RequestInvalid, "flight_cookie", nil)
			}
			values, err := url.ParseQuery(string(text))
			if err != nil {
				return nil, errs.New(errs.RequestInvalid, "flight_cookie", nil)
			}
			for name := range values {
				out[name] = values.Get(name)
			}
		}
	}
	return out, nil
}

// cookie writes the options; without any it takes the cookie back.
func (o options) cookie() string {
	c := http.Cookie{Name: cookieName, Path: "/", HttpOnly: true}
	if len(o) == 0 {
		c.MaxAge = -1
	} else {
		values := url.Values{}
		for name, v := range o {
			values.Set(name, v)
		}
		c.Value = base64.RawURLEncoding.EncodeToString([]byte(values.Encode()))
	}
	return c.String()
}

// purpose gives what the call is for: what its session was told, else what its header
// says.
func (o options) purpose(md metadata.MD) (string, error) {
	text, set := o[purposeHeader]
	if !set {
		var err error
		if text, err = header(md, purposeHeader); err != nil {
			return "", err
		}
	}
	return purposeOf(text)
}

func (o options) mode(md metadata.MD) (catalog.Mode, error) {
	text, set := o[modeHeader]
	if !set {
		var err error
		if text, err = header(md, modeHeader); err != nil {
			return "", err
		}
	}
	return modeOf(text)
}

// SetSessionOptions implements fsql.Server. There are purpose and mode.
func (f *calls) SetSessionOptions(ctx context.Context, r *flight.SetSessionOptionsRequest) (*flight.SetSessionOptionsResult, error) {
	c := callerOf(ctx)
	by := c.by
	now := options{}
	for name, v := range c.options {
		now[name] = v
	}
	out := &flight.SetSessionOptionsResult{Errors: map[string]*flight.SetSessionOptionsResultError{}}
	wrong := func(name string, why pb.SetSessionOptionsResult_ErrorValue) {
		out.Errors[name] = &flight.SetSessionOptionsResultError{Value: why}
	}
	for sent, v := range r.GetSessionOptions() {
		name := strings.TrimPrefix(strings.ToLower(sent), ownPrefix)
		if name != purposeHeader && name != modeHeader {
			wrong(sent, flight.SetSessionOptionsResultErrorInvalidName)
			continue
		}
		if v.GetOptionValue() == nil {
			delete(now, name)
			continue
		}
		text, isText := v.GetOptionValue().(*pb.SessionOptionValue_StringValue)
		if !isText {
			wrong(sent, flight.SetSessionOptionsResultErrorInvalidValue)
			continue
		}
		var err error
		if name == purposeHeader {
			by.Purpose, err = purposeOf(text.StringValue)
		} else {
			by.Mode, err = modeOf(text.StringValue)
		}
		if err == nil && f.door.Session != nil {
			_, err = f.door.Session(ctx, by)
		}
		switch errs.CodeOf(err) {
		case "":
			now[name] = text.StringValue
		case errs.RequestInvalid, errs.ParameterInvalid, errs.Forbidden:
			by.Purpose, by.Mode = c.by.Purpose, c.by.Mode
			wrong(sent, flight.SetSessionOptionsResultErrorInvalidValue)
		default:
			return nil, err
		}
	}
	return out, setCookie(ctx, now)
}

func setCookie(ctx context.Context, o options) error {
	return grpc.SetHeader(ctx, metadata.Pairs("set-cookie", o.cookie()))
}

// GetSessionOptions implements fsql.Server.
func (*calls) GetSessionOptions(ctx context.Context, _ *flight.GetSessionOptionsRequest) (*flight.GetSessionOptionsResult, error) {
	c := callerOf(ctx)
	values, err := flight.NewSessionOptionValues(map[string]any{purposeHeader: c.by.Purpose, modeHeader: string(c.by.Mode)})
	if err != nil {
		return nil, errs.From(err)
	}
	return &flight.GetSessionOptionsResult{SessionOptions: values}, nil
}

// CloseSession implements fsql.Server.
func (*calls) CloseSession(ctx context.Context, _ *flight.CloseSessionRequest) (*flight.CloseSessionResult, error) {
	return &flight.CloseSessionResult{Status: flight.CloseSessionResultClosed}, setCookie(ctx, nil)
}
