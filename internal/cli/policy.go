package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/document"
)

// maxPolicyFile is the most that is read of a policy file, in bytes.
const maxPolicyFile = 16 << 20

func (c *command) policyCommand() *cobra.Command {
	cmd := c.describe(&cobra.Command{Use: "policy"}, "policy")
	cmd.RunE = func(*cobra.Command, []string) error { return usage("cli_needs_command", nil) }
	cmd.AddCommand(c.policyChangeCommand("diff", true), c.policyChangeCommand("apply", false), c.policyExportCommand())
	return cmd
}

func (c *command) policyChangeCommand(name string, dry bool) *cobra.Command {
	var file, tokenFile string
	var own bool
	cmd := c.describe(&cobra.Command{Use: name + " [--config F] [--token-file F] [--own] FILE"}, "policy_"+name)
	cmd.Flags().StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Flags().StringVar(&tokenFile, "token-file", "", c.text("cli_flag_own_token", nil))
	cmd.Flags().BoolVar(&own, "own", false, c.text("cli_flag_own", nil))
	cmd.Args = c.exactly(1, "cli_one_policy")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		token, err := c.token(tokenFile)
		if err != nil {
			return err
		}
		doc, err := c.policyFile(args[0])
		if err != nil {
			return err
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) (err error) {
			cfg, err := c.load(file)
			if err != nil {
				return err
			}
			if own {
				var others []string
				if doc, others, err = cat.Own(cmd.Context(), token, doc); err != nil {
					return err
				}
				if len(others) > 0 {
					c.say(c.text("cli_policy_others", msg.Args{"Names": strings.Join(others, ", ")}))
				}
			}
			end, err := cat.Checking(cmd.Context(), cfg, c.App, doc)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, end()) }()
			changes, err := cat.Apply(cmd.Context(), token, doc, dry)
			if err != nil {
				if !own && errs.CodeOf(err) == errs.Forbidden {
					c.hintOwn(cmd.Context(), cat, token, doc)
				}
				return err
			}
			if err := c.list(changes, dry); err != nil {
				return err
			}
			c.warnAbsent(cmd.Context(), file, cat, doc)
			c.tellRecovered(cmd.Context(), cat, token)
			return nil
		})
	}
	return cmd
}

// hintOwn tells of a file that was refused that part of it is its sender's.
func (c *command) hintOwn(ctx context.Context, cat *app.Catalogue, token string, doc *document.Document) {
	mine, others, err := cat.Own(ctx, token, doc)
	if err == nil && len(others) > 0 && !mine.IsEmpty() {
		c.say(c.text("cli_policy_own", msg.Args{"Names": strings.Join(others, ", ")}))
	}
}

// changes prints a line for each change.
func (c *command) changes(changes []document.Change) error { return c.list(changes, false) }

// list prints a line for each change, and below it, where they are to be looked at, one
// for each member that it is of.
func (c *command) list(changes []document.Change, details bool) error {
	for _, ch := range changes {
		lines := []string{fmt.Sprintf("%c %s", ch.Sign, ch.What)}
		if details {
			lines = append(lines, ch.Details...)
		}
		if err := c.print(strings.Join(lines, "\n    ")); err != nil {
			return err
		}
	}
	c.say(c.text("cli_policy_changes", msg.Args{"Count": len(changes)}))
	return nil
}

// policyFile reads a document of a file, or of standard input for "-".
func (c *command) policyFile(name string) (*document.Document, error) {
	var in io.Reader = c.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, errs.Wrap(errs.Usage, "cli_policy_unreadable", msg.Args{"File": name}, err)
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxPolicyFile+1))
	if err != nil {
		return nil, errs.Wrap(errs.Usage, "cli_policy_unreadable", msg.Args{"File": name}, err)
	}
	return document.Parse(name, data)
}

func (c *command) policyExportCommand() *cobra.Command {
	var file, tokenFile string
	cmd := c.describe(&cobra.Command{Use: "export [--config F] [--token-file F]"}, "policy_export")
	cmd.Flags().StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Flags().StringVar(&tokenFile, "token-file", "", c.text("cli_flag_own_token", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		token, err := c.token(tokenFile)
		if err != nil {
			return err
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error { return c.export(cmd.Context(), cat, token) })
	}
	return cmd
}

func (c *command) export(ctx context.Context, cat *app.Catalogue, token string) error {
	text, err := cat.Export(ctx, token)
	if err != nil {
		return err
	}
	c.tellRecovered(ctx, cat, token)
	return c.print(strings.TrimSuffix(string(text), "\n"))
}
