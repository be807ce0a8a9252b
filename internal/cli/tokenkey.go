package cli

import (
	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/msg"
)

// catalogTokenKeyCommand adds a version to the keys with which tokens are made in the
// place of values. Who may write their file may do so.
func (c *command) catalogTokenKeyCommand() *cobra.Command {
	var file string
	cmd := c.describe(&cobra.Command{Use: "new-token-key [--config F]"}, "catalog_token_key")
	cmd.Flags().StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(*cobra.Command, []string) error {
		cfg, err := c.load(file)
		if err != nil {
			return err
		}
		version, err := app.TokenKeys(cfg).Rotate()
		if err != nil {
			return err
		}
		c.say(c.text("cli_token_key_made", msg.Args{"File": cfg.TokenKey, "Version": int(version)}))
		return nil
	}
	return cmd
}
