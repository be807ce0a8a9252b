package cli

import (
	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/msg"
)

func (c *command) catalogImportCommand() *cobra.Command {
	var file, tokenFile string
	cmd := c.describe(&cobra.Command{Use: "import [--config F] [--token-file F]"}, "catalog_import")
	cmd.Flags().StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Flags().StringVar(&tokenFile, "token-file", "", c.text("cli_flag_own_token", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		token, err := c.token(tokenFile)
		if err != nil {
			return err
		}
		cfg, err := c.load(file)
		if err != nil {
			return err
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error {
			changes, err := cat.Import(cmd.Context(), token, cfg, c.App)
			if err != nil {
				return err
			}
			if err := c.changes(changes); err != nil {
				return err
			}
			if len(changes) > 0 {
				c.say(c.text("cli_catalog_imported", msg.Args{"Count": len(changes)}))
			}
			return nil
		})
	}
	return cmd
}
