package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/identity"
)

// maxPassword is the most that is read as a password, in bytes.
const maxPassword = 4 << 10

// catalogPasswordCommand sets a password. It is never an argument: those can be seen by
// everybody on the machine.
func (c *command) catalogPasswordCommand() *cobra.Command {
	cmd := c.describe(&cobra.Command{Use: "password [--config F | --url URL [--ca FILE]] --login LOGIN [--remove]"}, "catalog_password")
	f := c.credentialFlags(cmd)
	var login string
	var remove bool
	cmd.Flags().StringVar(&login, "login", "", c.text("cli_flag_password_login", nil))
	cmd.Flags().BoolVar(&remove, "remove", false, c.text("cli_flag_password_remove", nil))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if login == "" {
			return usage("cli_password_needs", nil)
		}
		return c.credentials(cmd.Context(), f, func(of credentials) error {
			if remove {
				if err := of.removePassword(cmd.Context(), login); err != nil {
					return err
				}
				c.say(c.text("cli_password_removed", msg.Args{"Login": login}))
				return nil
			}
			// Nobody types a password that could not be set, as far as that is known.
			if err := of.maySetPassword(cmd.Context(), login); err != nil {
				return err
			}
			password, err := c.newPassword(cmd.Context())
			if err != nil {
				return err
			}
			if err := of.setPassword(cmd.Context(), login, password); err != nil {
				return err
			}
			c.say(c.text("cli_password_set", msg.Args{"Login": login}))
			return nil
		})
	}
	return cmd
}

// newPassword asks for a new password twice, or reads one line that no terminal sends.
func (c *command) newPassword(ctx context.Context) (string, error) {
	f, ok := c.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		text, err := io.ReadAll(io.LimitReader(c.Stdin, maxPassword+1))
		if err != nil || len(text) > maxPassword {
			return "", errs.Wrap(errs.Usage, "cli_password_unread", nil, err)
		}
		return identity.ReadPassword(text)
	}
	first, err := c.hidden(ctx, f, "cli_password_ask")
	if err != nil {
		return "", err
	}
	second, err := c.hidden(ctx, f, "cli_password_again")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", usage("cli_password_differs", nil)
	}
	return first, nil
}

// hidden reads a line that the terminal does not show while it is typed. An interrupt
// ends it, and leaves the terminal as it was.
func (c *command) hidden(ctx context.Context, f *os.File, question string) (string, error) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", errs.Wrap(errs.Usage, "cli_password_unread", nil, err)
	}
	_, _ = io.WriteString(c.Stderr, c.text(question, nil)) // whoever cannot see it can type all the same
	defer func() { _, _ = io.WriteString(c.Stderr, "\n") }()
	var line []byte
	done := safego.Run(func() (err error) {
		line, err = term.ReadPassword(fd)
		return err
	})
	select {
	case err := <-done:
		if err != nil {
			return "", errs.Wrap(errs.Usage, "cli_password_unread", nil, err)
		}
		return string(line), nil
	case <-ctx.Done():
		return "", errors.Join(errs.From(ctx.Err()), term.Restore(fd, before))
	}
}
