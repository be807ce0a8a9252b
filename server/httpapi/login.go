package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

// login answers a login and its password, or a token and a code, with the token of a session.
func (d *door) login(w http.ResponseWriter, r *http.Request) {
	if d.Login == nil {
		refuse(w, r, http.StatusNotFound, errs.New(errs.RequestInvalid, "http_not_found", nil))
		return
	}
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	by := q.asker("", "")
	var in begun
	var token string
	err := safego.Call(func() error {
		text, err := loginBody(w, r)
		if err != nil {
			return err
		}
		if by.Token, err = bearer(r); err != nil {
			return err
		}
		if in, err = decodeLogin(text, by.Token != ""); err != nil {
			return err
		}
		token, err = d.begin(r.Context(), in, by)
		return err
	})
	if err == nil {
		shown(r.Context())
	}
	if err != nil {
		if d.Refused != nil {
			told := safego.Call(func() error {
				return d.Refused(r.Context(), server.Refusal{Asker: by, Query: q.id, Login: in.login, Code: errs.CodeOf(err)})
			})
			err = errors.Join(err, told)
		}
		q.log(q.problem(err))
		return
	}
	answer, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		q.log(q.problem(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	// A client that has gone away needs no answer.
	_, _ = w.Write(append(answer, '\n'))
}

// begun is what a session begins with.
type begun struct{ login, password, code string }

// begin begins a session with a password, or goes on from the sender's token; with the
// second factor where there is a code.
func (d *door) begin(ctx context.Context, in begun, by server.Asker) (token string, err error) {
	if token = by.Token; token == "" {
		if token, err = d.Login(ctx, in.login, in.password, by.Client); err != nil {
			return "", err
		}
	}
	switch {
	case in.code == "":
		return token, nil
	case d.Confirm == nil:
		return "", errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return d.Confirm(ctx, token, in.code, by.Client)
}

// decodeLogin reads {"login": …, "password": …, "code": …} as strictly as decode reads a
// statement. With a token there is the code alone, else that may be left out.
func decodeLogin(body []byte, withToken bool) (in begun, err error) {
	d, err := decoderOf(body)
	if err != nil {
		return begun{}, err
	}
	err = d.object(func(name string) (err error) {
		switch name {
		case "login":
			in.login, err = d.text(name)
		case "password":
			in.password, err = d.text(name)
		case "code":
			in.code, err = d.text(name)
		default:
			err = invalid("http_login_member", msg.Args{"Name": name})
		}
		return err
	})
	if err != nil {
		return begun{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return begun{}, invalid("http_json", nil)
	}
	switch {
	case withToken && (in.login != "" || in.password != "" || in.code == ""):
		return begun{}, invalid("http_login_code", nil)
	case !withToken && (in.login == "" || in.password == ""):
		return begun{}, invalid("http_login_missing", nil)
	}
	return in, nil
}
