package pgwire

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/lianji/lianji/internal/errs"
)

// The mechanisms of SASL: the second one binds the exchange to the connection's TLS.
const (
	scramPlain = "SCRAM-SHA-256"
	scramBound = "SCRAM-SHA-256-PLUS"
)

// endPoint is the kind of binding (RFC 5929) that clients of PostgreSQL have.
const endPoint = "tls-server-end-point"

// sasl is the server's side of the messages of SCRAM-SHA-256 (RFC 5802, RFC 7677).
type sasl struct {
	binding []byte // what the client has to have seen of the gateway; nil without TLS

	header    string // of the client's first message, with its commas
	first     string // the client's first message without the header
	nonce     string // of both
	challenge string // the answer to first
	bound     bool
}

// mechanisms are those that are offered, the better one first.
func (s *sasl) mechanisms() []string {
	if s.binding == nil {
		return []string{scramPlain}
	}
	return []string{scramBound, scramPlain}
}

func protocolError() error { return errs.New(errs.RequestInvalid, "pgwire_protocol", nil) }

// bindingError is the answer to who talks over a connection that is not the gateway's: the
// client saw another certificate, or was told of other mechanisms.
func bindingError() error { return errs.New(errs.Unauthenticated, "pgwire_channel_binding", nil) }

// begin reads the client's first message and gives the answer to it. The name in it is not
// looked at, as in PostgreSQL: the startup message has it.
func (s *sasl) begin(mechanism, message string, salt []byte, iterations int) (challenge string, err error) {
	flag, rest, ok := strings.Cut(message, ",")
	other, bare, ok2 := strings.Cut(rest, ",")
	if !ok || !ok2 || other != "" { // nobody acts in another one's name
		return "", protocolError()
	}
	switch {
	case mechanism == scramBound && s.binding != nil && flag == "p="+endPoint:
		s.bound = true
	case mechanism == scramPlain && flag == "y" && s.binding != nil:
		// It could bind, and somebody on the way told it that the gateway could not.
		return "", bindingError()
	case mechanism == scramPlain && (flag == "n" || flag == "y"):
	default:
		return "", protocolError()
	}
	s.header, s.first = message[:len(message)-len(bare)], bare
	name, rest, ok := strings.Cut(bare, ",")
	nonce, _, _ := strings.Cut(rest, ",") // extensions may follow
	if !ok || !strings.HasPrefix(name, "n=") || len(nonce) <= len("r=") || !strings.HasPrefix(nonce, "r=") || strings.IndexFunc(nonce, notPrintable) >= 0 {
		return "", protocolError()
	}
	s.nonce = nonce + rand.Text()
	s.challenge = fmt.Sprintf("%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(salt), iterations)
	return s.challenge, nil
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

// end reads the client's last message, and gives what the proof in it is for.
func (s *sasl) end(message string) (authMessage string, proof []byte, err error) {
	const mark = ",p="
	at := strings.LastIndex(message, mark)
	if at < 0 {
		return "", nil, protocolError()
	}
	if proof, err = base64.StdEncoding.Strict().DecodeString(message[at+len(mark):]); err != nil {
		return "", nil, protocolError()
	}
	channel, rest, _ := strings.Cut(message[:at], ",")
	nonce, _, _ := strings.Cut(rest, ",")
	if !strings.HasPrefix(channel, "c=") || nonce != s.nonce {
		return "", nil, protocolError()
	}
	seen := []byte(s.header)
	if s.bound {
		seen = append(seen, s.binding...)
	}
	if channel != "c="+base64.StdEncoding.EncodeToString(seen) {
		return "", nil, bindingError()
	}
	return s.first + "," + s.challenge + "," + message[:at], proof, nil
}

// endPointOf gives the binding of connections on which a certificate is shown: its digest
// by the algorithm of its signature, by SHA-256 where that has MD5 or SHA-1. It is nil for
// a signature without such a one, as Ed25519: nothing can be bound to that.
func endPointOf(c *x509.Certificate) []byte {
	switch c.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		sum := sha256.Sum256(c.Raw)
		return sum[:]
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		sum := sha512.Sum384(c.Raw)
		return sum[:]
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		sum := sha512.Sum512(c.Raw)
		return sum[:]
	}
	return nil
}
