package audit

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Syslog is a server that gets the heads too: RFC 5424 messages over TLS with the
// framing of RFC 5425. A connection is made for each head: one a minute.
type Syslog struct {
	Address string // host:port
	TLS     *tls.Config
	Host    string // HOSTNAME of the messages; empty: the gateway's id
}

const (
	syslogApp = "lianji"
	syslogID  = "audit-head"
	// auditNotice is facility 13, log audit, with severity 5, notice.
	auditNotice   = 13*8 + 5
	syslogTimeout = 5 * time.Second
)

// syslogMessage is the frame of one head: its length, then the message.
func (s *Syslog) message(h Head, now time.Time) ([]byte, error) {
	body, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	host := s.Host
	if host == "" {
		host = h.Gateway
	}
	m := fmt.Sprintf("<%d>1 %s %s %s - %s - %s", auditNotice, formatTime(now), host, syslogApp, syslogID, body)
	return fmt.Appendf(nil, "%d %s", len(m), m), nil
}

func (s *Syslog) send(ctx context.Context, h Head, now time.Time) (err error) {
	m, err := s.message(h, now)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, syslogTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{Config: s.TLS}).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	_, err = conn.Write(m)
	return err
}
