package catalog

import (
	"fmt"
	"io"
	"log/slog"
)

// Password is what is kept of a principal's password: never the text itself, and two
// ways to try one against it.
type Password struct {
	Principal string // whose, by ID
	Hash      string // of argon2id, in the PHC string format
	SCRAM     string // the verifier of SCRAM-SHA-256, as PostgreSQL writes one
	Version   int64  // the store's when it was set: another one with each new password
}

// Format hides what could be tried passwords against, under every verb of fmt.
func (p Password) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "password of "+p.Principal) // a printer's error is the printer's
}

// LogValue hides it from loggers.
func (p Password) LogValue() slog.Value { return slog.StringValue("password of " + p.Principal) }
