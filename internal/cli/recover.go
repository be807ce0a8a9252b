package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/msg"
)

func (c *command) catalogRecoverCommand() *cobra.Command {
	var file, login, tokens string
	var days int
	cmd := c.describe(&cobra.Command{Use: "recover [--config F] --tokens FILE [--login LOGIN] [--days N]"}, "catalog_recover")
	flags := cmd.Flags()
	flags.StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	flags.StringVar(&login, "login", "", c.text("cli_flag_recover_login", nil))
	flags.StringVar(&tokens, "tokens", "", c.text("cli_flag_tokens", nil))
	flags.IntVar(&days, "days", 1, c.text("cli_flag_days", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if tokens == "" {
			return usage("cli_recover_needs", nil)
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error {
			out, err := os.OpenFile(tokens, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				if errors.Is(err, fs.ErrExist) {
					return usage("cli_tokens_exist", msg.Args{"File": tokens})
				}
				return cannotWrite(tokens, err)
			}
			var of string
			err = func() error {
				var text string
				if of, text, err = cat.Recover(cmd.Context(), login, time.Duration(days)*tokenDay); err != nil {
					return err
				}
				if _, err := out.WriteString(text + "\n"); err != nil {
					return cannotWrite(tokens, err)
				}
				return out.Sync()
			}()
			if err = errors.Join(err, out.Close()); err != nil {
				return errors.Join(err, os.Remove(tokens))
			}
			c.say(c.text("cli_recovered", msg.Args{"File": tokens, "Login": of, "Days": days}))
			return nil
		})
	}
	return cmd
}

// tellRecovered tells an administrator of tokens that were made past the administrators.
func (c *command) tellRecovered(ctx context.Context, cat *app.Catalogue, token string) {
	for _, r := range cat.Recovered(ctx, token) {
		c.say(c.text("cli_recovered_before", msg.Args{"Time": r.Made.Local().Format(time.DateTime), "Login": r.Login}))
	}
}
