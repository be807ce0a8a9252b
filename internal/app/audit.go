package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/user"
	"path/filepath"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/errs"
)

// operatorSuffix marks the log of operators' statements: it is apart from that of the
// doors, because a log has one writer.
const operatorSuffix = "-operator"

// openAudit opens the audit log that stands beside the configuration. With a store
// there is always one; without a store there is none.
func (a *App) openAudit(ctx context.Context, operator bool) error {
	if a.store == nil {
		return nil
	}
	key := filepath.Join(a.cfg.Dir, audit.KeyName)
	signer, err := audit.OpenSigner(key, audit.Ed25519)
	if err != nil {
		return errs.From(err)
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		return errs.From(err)
	}
	literals := sha256.Sum256(append([]byte("lianji audit literals\n"), secret...))
	id, dir := gatewayID(a.cfg.Dir), filepath.Join(a.cfg.Dir, audit.FolderName)
	if operator {
		id, dir = id+operatorSuffix, dir+operatorSuffix
	}
	a.audit, err = audit.Open(ctx, audit.Options{
		Dir: dir, GatewayID: id, Signer: signer, Heads: a.store, LiteralKey: literals[:], Logger: a.log,
	})
	if err != nil {
		return errs.From(err)
	}
	return nil
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
