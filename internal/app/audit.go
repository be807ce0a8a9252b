package app

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net"
	"os"
	"os/user"
	"path/filepath"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// OperatorSuffix marks the log of operators' statements, which is in a folder beside that
// of the doors': a log has one writer.
const OperatorSuffix = "-operator"

// openAudit opens the audit log that stands beside the configuration. With a store
// there is always one; without a store there is none.
func (a *App) openAudit(ctx context.Context, operator bool) error {
	defer func() { a.refusals = audit.NewRefusals(a.audit) }()
	if a.store == nil {
		return nil
	}
	algorithm := audit.Ed25519
	if a.cfg.Audit.GM {
		algorithm = audit.SM2
	}
	key := filepath.Join(a.cfg.Dir, audit.KeyName)
	signer, err := audit.OpenSigner(key, algorithm)
	if err != nil {
		return errs.From(err)
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		return errs.From(err)
	}
	literals := sha256.Sum256(append([]byte("lianji audit literals\n"), secret...))
	syslog, err := syslogOf(a.cfg.Audit.Syslog)
	if err != nil {
		return err
	}
	id, dir := gatewayID(a.cfg.Dir), AuditFolder(a.cfg)
	if operator {
		id, dir = id+OperatorSuffix, dir+OperatorSuffix
	}
	a.audit, err = audit.Open(ctx, audit.Options{
		Dir: dir, GatewayID: id, Signer: signer, Heads: a.store, Syslog: syslog, Retain: a.cfg.Audit.Keep, LiteralKey: literals[:], Logger: a.log,
	})
	if err != nil {
		return errs.From(err)
	}
	return nil
}

// AuditFolder is where a configuration's log of the doors is.
func AuditFolder(cfg *config.Config) string {
	if cfg.Audit.Folder != "" {
		return cfg.Audit.Folder
	}
	return filepath.Join(cfg.Dir, audit.FolderName)
}

// syslogOf makes the way to a syslog server; nil without one.
func syslogOf(c *config.Syslog) (*audit.Syslog, error) {
	if c == nil {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, errs.From(err)
	}
	t := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, errs.Wrap(errs.ConfigInvalid, "app_audit_pem", msg.Args{"File": c.CA}, err)
		}
		if t.RootCAs = x509.NewCertPool(); !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errs.New(errs.ConfigInvalid, "app_audit_pem", msg.Args{"File": c.CA})
		}
	}
	if c.Certificate != "" {
		own, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return nil, errs.Wrap(errs.ConfigInvalid, "app_audit_pem", msg.Args{"File": c.Certificate}, err)
		}
		t.Certificates = []tls.Certificate{own}
	}
	return &audit.Syslog{Address: c.Address, TLS: t}, nil
}

// gatewayID names a gateway: the machine and the folder of its configuration.
func gatewayID(dir string) string {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	sum := sha256.Sum256([]byte(host + "\x00" + dir))
	return "gw-" + hex.EncodeToString(sum[:6])
}

// machineUser is the operating system's user who runs the program.
func machineUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
