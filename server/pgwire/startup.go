package pgwire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

const (
	mostPackets  = 4        // before the startup message: requests for TLS and GSS encryption
	mostPassword = 16 << 10 // bytes of a message before somebody is known
)

// start brings a connection to where statements can be asked. errEnded: there is nothing
// more to say.
func (c *conn) start(ctx context.Context) error {
	if err := c.link.SetReadDeadline(time.Now().Add(c.door.Limits.LoginTime)); err != nil {
		return err
	}
	message, err := c.startup(ctx)
	if err != nil {
		return quiet(err)
	}
	c.in = pgproto3.NewBackend(c.link, c.out)
	c.in.SetMaxBodyLen(mostPassword)
	if err := c.admit(ctx, message); err != nil {
		return quiet(err)
	}
	c.in.SetMaxBodyLen(c.door.Limits.MessageBytes)
	return c.link.SetReadDeadline(time.Time{})
}

// quiet takes what a client that never said who it is did wrong with its bytes for the end.
func quiet(err error) error {
	var e *errs.Error
	if errors.As(err, &e) || errors.Is(err, io.EOF) {
		return err
	}
	return errEnded
}

// startup reads packets until one opens a session; a cancel request ends the connection.
func (c *conn) startup(ctx context.Context) (*pgproto3.StartupMessage, error) {
	encrypted := false
	for range mostPackets {
		c.in = pgproto3.NewBackend(&startupReader{from: c.link}, c.out)
		packet, err := c.in.ReceiveStartupMessage()
		if err != nil {
			return nil, err
		}
		switch p := packet.(type) {
		case *pgproto3.StartupMessage:
			if !encrypted && !c.door.Plain && !isLocal(c.link.RemoteAddr()) {
				return nil, errs.New(errs.Unauthenticated, "pgwire_tls", nil)
			}
			return p, nil
		case *pgproto3.CancelRequest:
			c.door.keys.cancel(p.ProcessID, p.SecretKey)
			return nil, errEnded
		case *pgproto3.GSSEncRequest:
			if _, err := c.link.Write([]byte{'N'}); err != nil {
				return nil, err
			}
		case *pgproto3.SSLRequest:
			if encrypted || c.door.TLS == nil {
				if _, err := c.link.Write([]byte{'N'}); err != nil {
					return nil, err
				}
				continue
			}
			if err := c.encrypt(ctx); err != nil {
				return nil, err
			}
			encrypted = true
		}
	}
	return nil, errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
}

// encrypt goes on over TLS.
func (c *conn) encrypt(ctx context.Context) error {
	if _, err := c.link.Write([]byte{'S'}); err != nil {
		return err
	}
	settings, shown := c.door.TLS, c.door.TLS
	if next := settings.GetConfigForClient; next != nil {
		settings = settings.Clone()
		settings.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := next(hello)
			if chosen != nil {
				shown = chosen
			}
			return chosen, err
		}
	}
	secure := tls.Server(c.link.Conn, settings)
	ctx, cancel := context.WithTimeout(ctx, c.door.Limits.LoginTime)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return errEnded // it has been told in TLS's own words
	}
	c.link.Conn = secure
	c.tlsSeen(shown, secure.ConnectionState())
	return nil
}

// admit finds out who connects and for what, and says what the session is.
func (c *conn) admit(ctx context.Context, m *pgproto3.StartupMessage) error {
	secret := shortKey
	if m.ProtocolVersion >= pgproto3.ProtocolVersion32 {
		secret = longKey
	}
	c.settings = newSettings(c.door.TimeZone)
	unknown, err := c.parameters(m.Parameters)
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		c.send(&pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: m.ProtocolVersion & 0xffff, UnrecognizedOptions: unknown})
	}
	if c.door.isFull() { // which it learns before it sends a password
		return errs.New(errs.QueueFull, "pgwire_connections", nil)
	}
	if err := c.login(ctx); err != nil {
		return err
	}
	// Who asks, and what for, has to hold before the first statement.
	c.asker.Purpose, c.asker.Mode = c.settings.purpose(), c.settings.mode()
	s, err := c.session(ctx)
	if err != nil {
		return c.refuse(ctx, err, "", "")
	}
	if err := c.door.hold(c, s.Principal); err != nil {
		return err
	}
	c.door.keys.add(c, secret)
	c.send(&pgproto3.AuthenticationOk{})
	c.report()
	c.send(&pgproto3.BackendKeyData{ProcessID: c.number, SecretKey: c.secret})
	return c.ready()
}

// parameters reads a startup message's, and gives those of the protocol that nobody here
// knows.
func (c *conn) parameters(given map[string]string) (unknown []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		switch {
		case name == "user":
			c.user, c.clear = inClear(value)
		case name == "database":
			c.database = value
		case name == "replication":
			if !slices.Contains([]string{"false", "off", "no", "0"}, value) {
				return nil, errs.New(errs.NotSupported, "pgwire_replication", nil)
			}
		case name == "options":
			err = c.options(value)
		case strings.HasPrefix(name, "_pq_."):
			unknown = append(unknown, name)
		default:
			err = c.settings.set(strings.ToLower(name), value)
		}
		if err != nil {
			return nil, err
		}
	}
	c.settings.begin()
	if c.user == "" {
		return nil, errs.New(errs.RequestInvalid, "pgwire_user", nil)
	}
	return unknown, c.named()
}

// named reads the database: the gateway's own, which is also what a client asks for that
// was told none, or the code of the purpose.
func (c *conn) named() error {
	if user, _ := inClear(c.database); user == "" || user == c.user || c.database == databaseName {
		c.database = databaseName
		return nil
	}
	if p := c.settings.purpose(); p != "" && p != c.database {
		return errs.New(errs.ParameterInvalid, "pgwire_two_purposes", nil)
	}
	if err := c.settings.set("purpose", c.database); err != nil {
		return state("3D000", errs.ParameterInvalid, "pgwire_database", nil)
	}
	c.settings.begin()
	return nil
}

// options reads -c name=value and --name=value.
func (c *conn) options(text string) error {
	words := optionWords(text)
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		case strings.HasPrefix(w, "--"):
			w = w[2:]
		default:
			return errs.New(errs.ParameterInvalid, "pgwire_options", nil)
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return errs.New(errs.ParameterInvalid, "pgwire_options", nil)
		}
		if err := c.settings.set(strings.ToLower(strings.ReplaceAll(name, "-", "_")), value); err != nil {
			return err
		}
	}
	return nil
}

// optionWords splits at blanks; a backslash takes the next character as it stands.
func optionWords(text string) (out []string) {
	var word []byte
	inside := false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\\' && i+1 < len(text):
			i++
			word, inside = append(word, text[i]), true
		case b == ' ' || b == '\t' || b == '\n':
			if inside {
				out = append(out, string(word))
			}
			word, inside = nil, false
		default:
			word, inside = append(word, b), true
		}
	}
	if inside {
		out = append(out, string(word))
	}
	return out
}

// refuse tells who keeps account of it of a login or a statement that was not looked at.
func (c *conn) refuse(ctx context.Context, err error, query, login string) error {
	if c.door.Refused == nil {
		return err
	}
	told := safego.Call(func() error {
		return c.door.Refused(ctx, server.Refusal{Asker: c.asker, Query: query, Login: login, Code: errs.CodeOf(err)})
	})
	if told != nil {
		c.door.Logger.ErrorContext(ctx, "refusal", "door", "postgres", "error", told)
	}
	return err
}

// session gives what the connection may see now.
func (c *conn) session(ctx context.Context) (s server.Session, err error) {
	if c.door.Session == nil {
		return server.Session{Purpose: c.asker.Purpose, Door: c.asker.Door, Mode: c.asker.Mode, Client: c.asker.Client}, nil
	}
	err = safego.Call(func() error {
		s, err = c.door.Session(ctx, c.asker)
		return err
	})
	if err != nil {
		return server.Session{}, err
	}
	// A certificate may have become somebody else's, and the connection does not.
	if c.byCertificate && s.Principal != c.user {
		return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	s.Door, s.Mode, s.Client = c.asker.Door, c.asker.Mode, c.asker.Client
	return s, nil
}

// enters tells, where nothing is asked of the gateway, whether the login still holds: clients
// try by an empty statement, or by a setting, whether a connection can still be used.
func (c *conn) enters(ctx context.Context) error {
	if _, err := c.session(ctx); errs.CodeOf(err) == errs.Unauthenticated {
		return c.refuse(ctx, err, "", "")
	}
	return nil
}

// versionText is what version() gives; clients look for the number.
func versionText() string { return "PostgreSQL " + serverVersion + " (lianji)" }
