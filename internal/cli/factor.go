package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

// maxCode is the most that is read as a code, in bytes.
const maxCode = 64

// credentials is where a token's bearer sets what they log in with, and begins sessions
// with it: the store, or a gateway.
type credentials interface {
	enrol(ctx context.Context) (uri, ticket string, err error)
	enrolled(ctx context.Context, ticket, code string) error
	session(ctx context.Context, code string) (token string, err error)
	reset(ctx context.Context, login string) error
	maySetPassword(ctx context.Context, login string) error
	setPassword(ctx context.Context, login, password string) error
	removePassword(ctx context.Context, login string) error
}

// credentialFlags are what the commands of passwords and second factors have in common.
type credentialFlags struct{ config, url, ca, tokenFile string }

func (c *command) credentialFlags(cmd *cobra.Command) *credentialFlags {
	f := &credentialFlags{}
	cmd.Flags().StringVar(&f.config, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Flags().StringVar(&f.url, "url", "", c.text("cli_flag_session_url", nil))
	cmd.Flags().StringVar(&f.ca, "ca", "", c.text("cli_flag_ca", nil))
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", c.text("cli_flag_own_token", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	return f
}

func (c *command) credentials(ctx context.Context, f *credentialFlags, do func(credentials) error) error {
	switch {
	case f.url == "" && f.ca != "":
		return usage("cli_ca_without_https", nil)
	case f.url != "":
		cl, err := c.client(queryFlags{url: f.url, ca: f.ca, tokenFile: f.tokenFile})
		if err != nil {
			return err
		}
		defer cl.http.CloseIdleConnections()
		return do(overHTTP{cl})
	}
	token, err := c.token(f.tokenFile)
	if err != nil {
		return err
	}
	return c.catalogue(ctx, f.config, func(cat *app.Catalogue) error { return do(inStore{cat, token}) })
}

// catalogFactorCommand sets a second factor of one's own, or takes another's away.
func (c *command) catalogFactorCommand() *cobra.Command {
	cmd := c.describe(&cobra.Command{Use: "factor [--config F | --url URL [--ca FILE]] [--reset LOGIN]"}, "catalog_factor")
	f := c.credentialFlags(cmd)
	var reset string
	cmd.Flags().StringVar(&reset, "reset", "", c.text("cli_flag_factor_reset", nil))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.credentials(cmd.Context(), f, func(of credentials) error {
			if cmd.Flags().Changed("reset") {
				if err := of.reset(cmd.Context(), reset); err != nil {
					return err
				}
				c.say(c.text("cli_factor_reset", msg.Args{"Login": reset}))
				return nil
			}
			uri, ticket, err := of.enrol(cmd.Context())
			if err != nil {
				return err
			}
			c.say(c.text("cli_factor_show", nil))
			if err := c.print(uri); err != nil {
				return err
			}
			code, err := c.code(cmd.Context())
			if err != nil {
				return err
			}
			if err := of.enrolled(cmd.Context(), ticket, code); err != nil {
				return err
			}
			c.say(c.text("cli_factor_set", msg.Args{"Program": c.name()}))
			return nil
		})
	}
	return cmd
}

// catalogSessionCommand begins a session with a code.
func (c *command) catalogSessionCommand() *cobra.Command {
	cmd := c.describe(&cobra.Command{Use: "session [--config F | --url URL [--ca FILE]]"}, "catalog_session")
	f := c.credentialFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.credentials(cmd.Context(), f, func(of credentials) error {
			code, err := c.code(cmd.Context())
			if err != nil {
				return err
			}
			token, err := of.session(cmd.Context(), code)
			if err != nil {
				return err
			}
			return c.print(token)
		})
	}
	return cmd
}

// code reads a code, which is asked for where that can be seen. It holds once and for a
// moment, so it may be seen while it is typed.
func (c *command) code(ctx context.Context) (string, error) {
	if f, ok := c.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		_, _ = io.WriteString(c.Stderr, c.text("cli_code_ask", nil)) // whoever cannot see it can type all the same
	}
	var line string
	done := safego.Run(func() (err error) {
		if line, err = bufio.NewReader(io.LimitReader(c.Stdin, maxCode)).ReadString('\n'); err == io.EOF && line != "" {
			err = nil
		}
		return err
	})
	select {
	case err := <-done:
		if line = strings.TrimSpace(line); err != nil || line == "" {
			return "", errs.Wrap(errs.Usage, "cli_code_unread", nil, err)
		}
		return line, nil
	case <-ctx.Done():
		return "", errs.From(ctx.Err())
	}
}

// inStore comes to the store itself.
type inStore struct {
	*app.Catalogue
	token string
}

func (s inStore) enrol(ctx context.Context) (uri, ticket string, err error) {
	e, err := s.Enrol(ctx, s.token)
	return e.URI, e.Ticket, err
}

func (s inStore) enrolled(ctx context.Context, ticket, code string) error {
	return s.Enrolled(ctx, s.token, ticket, code)
}

func (s inStore) session(ctx context.Context, code string) (string, error) {
	return s.Confirm(ctx, s.token, code)
}

func (s inStore) reset(ctx context.Context, login string) error {
	return s.ResetFactor(ctx, s.token, login)
}

func (s inStore) maySetPassword(ctx context.Context, login string) error {
	return s.MaySetPassword(ctx, s.token, login)
}

func (s inStore) setPassword(ctx context.Context, login, password string) error {
	return s.SetPassword(ctx, s.token, login, password)
}

func (s inStore) removePassword(ctx context.Context, login string) error {
	return s.RemovePassword(ctx, s.token, login)
}

// overHTTP comes to a gateway.
type overHTTP struct{ *client }

func (o overHTTP) enrol(ctx context.Context) (uri, ticket string, err error) {
	var e struct{ URI, Ticket string }
	err = o.call(ctx, http.MethodPost, struct{}{}, &e, "catalog", "factor")
	return e.URI, e.Ticket, err
}

func (o overHTTP) enrolled(ctx context.Context, ticket, code string) error {
	return o.call(ctx, http.MethodPut, map[string]string{"ticket": ticket, "code": code}, nil, "catalog", "factor")
}

func (o overHTTP) session(ctx context.Context, code string) (string, error) {
	var begun struct{ Token string }
	err := o.call(ctx, http.MethodPost, map[string]string{"code": code}, &begun, "sessions")
	return begun.Token, err
}

func (o overHTTP) reset(ctx context.Context, login string) error {
	return o.call(ctx, http.MethodDelete, nil, nil, "catalog", "principals", login, "factor")
}

// maySetPassword refuses who shows nothing. Only the gateway knows more; but without a token
// a password would go to another machine in clear, which c.client refuses of tokens.
func (o overHTTP) maySetPassword(context.Context, string) error {
	if o.token == "" {
		return errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return nil
}

func (o overHTTP) setPassword(ctx context.Context, login, password string) error {
	return o.call(ctx, http.MethodPut, map[string]string{"password": password}, nil, "catalog", "principals", login, "password")
}

func (o overHTTP) removePassword(ctx context.Context, login string) error {
	return o.call(ctx, http.MethodDelete, nil, nil, "catalog", "principals", login, "password")
}

// call sends one object to the gateway, and reads what it answers into another.
func (cl *client) call(ctx context.Context, method string, body, into any, path ...string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return errs.From(err)
	}
	// What stands beside the address of statements.
	at := strings.TrimSuffix(cl.query, "query")
	for i, part := range path {
		at += strings.Repeat("/", min(i, 1)) + url.PathEscape(part)
	}
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(text))
	if err != nil {
		return usage("cli_url", nil)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept-Language", strings.Join(cl.langs, ", "))
	if cl.token != "" {
		req.Header.Set("Authorization", "Bearer "+cl.token)
	}
	res, err := cl.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return errs.From(ctx.Err())
		}
		return unreachable(cl.address, err)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	defer func() { _ = res.Body.Close() }() // it was read
	switch {
	case res.StatusCode >= http.StatusMultipleChoices:
		return cl.problem(res, kind, "")
	case into == nil:
		return nil
	}
	text, err = io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if err != nil || json.Unmarshal(text, into) != nil {
		return errs.Wrap(errs.SourceFailed, "cli_no_gateway", msg.Args{"URL": cl.address, "Status": res.StatusCode}, err)
	}
	return nil
}
