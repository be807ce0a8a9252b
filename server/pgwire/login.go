package pgwire

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/listen"
)

// Exchange is an exchange of SCRAM-SHA-256 (RFC 5802, RFC 7677) with somebody who says that
// a login is theirs.
type Exchange interface {
	// Challenge is what a client makes its proof with.
	Challenge() (salt []byte, iterations int)
	// Finish tries the proof for the AuthMessage, and gives the token that the connection's
	// statements are asked with, and what proves to the client that this is the gateway.
	Finish(authMessage string, proof []byte) (token string, signature []byte, err error)
}

// clearSuffix behind a user's name asks to be asked for the password as it is: nobody can
// prove a token without sending it, as the gateway keeps its hash alone. No login has the
// sign in it.
const clearSuffix = "~token"

// tlsSeen notes what of a connection's TLS counts for its login: what the gateway showed,
// and the certificate that the client did.
func (c *conn) tlsSeen(shown *tls.Config, state tls.ConnectionState) {
	c.asker.Certificate = listen.Shown(&state)
	if shown == nil || len(shown.Certificates) != 1 || shown.Certificates[0].Leaf == nil {
		return // which one was shown is not known
	}
	c.binding = endPointOf(shown.Certificates[0].Leaf)
}

// login finds out who connects, where anybody is asked: by the certificate that the client
// showed, else by a password, or a token in its place.
func (c *conn) login(ctx context.Context) error {
	switch {
	case c.door.Login == nil:
		return nil
	case c.clear:
		return c.cleartext(ctx)
	}
	certified, err := c.isCertified()
	switch {
	case err != nil:
		return err
	case certified:
		c.byCertificate = true
		return nil
	case c.door.SCRAM == nil:
		return c.cleartext(ctx)
	}
	return c.scram(ctx)
}

// isCertified tells whether the client showed the certificate of the user that it names.
func (c *conn) isCertified() (yes bool, err error) {
	if c.asker.Certificate == "" || c.door.Certified == nil {
		return false, nil
	}
	err = safego.Call(func() error {
		yes = c.door.Certified(c.asker.Certificate, c.asker.Client) == c.user
		return nil
	})
	return yes, err
}

// cleartext asks for the password as it is.
func (c *conn) cleartext(ctx context.Context) error {
	message, err := c.demand(&pgproto3.AuthenticationCleartextPassword{}, pgproto3.AuthTypeCleartextPassword)
	if err != nil {
		return err
	}
	password, ok := message.(*pgproto3.PasswordMessage)
	if !ok { // nobody asks anything before it is known who asks
		return protocolError()
	}
	err = safego.Call(func() error {
		c.asker.Token, err = c.door.Login(ctx, c.user, password.Password, c.asker.Client)
		return err
	})
	if err != nil {
		return c.refuse(ctx, err, "", c.user)
	}
	return nil
}

// scram asks for a proof that the client knows the password, which does not leave it. A
// user that there is not is asked like others.
func (c *conn) scram(ctx context.Context) error {
	s := &sasl{binding: c.binding}
	message, err := c.demand(&pgproto3.AuthenticationSASL{AuthMechanisms: s.mechanisms()}, pgproto3.AuthTypeSASL)
	if err != nil {
		return err
	}
	first, ok := message.(*pgproto3.SASLInitialResponse)
	if !ok {
		return protocolError()
	}
	var x Exchange
	err = safego.Call(func() error {
		x, err = c.door.SCRAM(c.user, c.asker.Client)
		return err
	})
	if err != nil {
		return c.refuse(ctx, err, "", c.user)
	}
	salt, iterations := x.Challenge()
	challenge, err := s.begin(first.AuthMechanism, string(first.Data), salt, iterations)
	if err != nil {
		return c.unbound(ctx, err)
	}
	message, err = c.demand(&pgproto3.AuthenticationSASLContinue{Data: []byte(challenge)}, pgproto3.AuthTypeSASLContinue)
	if err != nil {
		return err
	}
	last, ok := message.(*pgproto3.SASLResponse)
	if !ok {
		return protocolError()
	}
	authMessage, proof, err := s.end(string(last.Data))
	if err != nil {
		return c.unbound(ctx, err)
	}
	var signature []byte
	err = safego.Call(func() error {
		c.asker.Token, signature, err = x.Finish(authMessage, proof)
		return err
	})
	if err != nil {
		c.unproved = true
		return c.refuse(ctx, err, "", c.user)
	}
	c.send(&pgproto3.AuthenticationSASLFinal{Data: []byte("v=" + base64.StdEncoding.EncodeToString(signature))})
	return nil
}

// unbound keeps account of a login over a connection that is not the gateway's own. What
// is no message at all is nobody's login.
func (c *conn) unbound(ctx context.Context, err error) error {
	if errs.CodeOf(err) == errs.Unauthenticated {
		return c.refuse(ctx, err, "", c.user)
	}
	return err
}

// demand sends a request of a login and gives the client's answer. The kind says as what
// the answer is read.
func (c *conn) demand(m pgproto3.BackendMessage, kind uint32) (pgproto3.FrontendMessage, error) {
	c.send(m)
	if err := c.flush(); err != nil {
		return nil, err
	}
	if err := c.in.SetAuthType(kind); err != nil {
		return nil, err
	}
	answer, err := c.in.Receive()
	return answer, c.unread(err, false)
}

// inClear takes the suffix off a user's name that asks for the password as it is.
func inClear(user string) (login string, clear bool) { return strings.CutSuffix(user, clearSuffix) }
