package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// root builds the commands anew for each run: their texts are in the run's language.
func (c *command) root() *cobra.Command {
	root := c.describe(&cobra.Command{Use: "lianji"}, "root")
	root.Args = cobra.ArbitraryArgs
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			c.say(c.help(cmd))
			return usage("cli_no_command", nil)
		}
		err := usage("cli_unknown_command", msg.Args{"Name": args[0]})
		err.Nearest = cmd.SuggestionsFor(args[0])
		return err
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		// A closed standard output needs no help.
		_ = c.print(c.help(cmd))
	})
	root.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true})
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return c.flagError(cmd, err) })
	root.AddCommand(c.queryCommand(), c.explainCommand(), c.checkCommand(), c.serveCommand(), c.demoCommand(), c.catalogCommand(), c.policyCommand(), c.auditCommand(), c.versionCommand())
	return root
}

// describe gives a command its texts out of the catalogue: cli_<id>_short, _long
// and _example.
func (c *command) describe(cmd *cobra.Command, id string) *cobra.Command {
	args := msg.Args{"Program": c.baseName()}
	cmd.Short = c.text("cli_"+id+"_short", args)
	cmd.Long = c.text("cli_"+id+"_long", args)
	cmd.Example = c.text("cli_"+id+"_example", args)
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolP("help", "h", false, c.text("cli_flag_help", nil))
	return cmd
}

// help writes what -h shows.
func (c *command) help(cmd *cobra.Command) string {
	var b strings.Builder
	heading := func(id string) { fmt.Fprintf(&b, "\n%s\n", c.text(id, nil)) }
	b.WriteString(cmd.Long + "\n")
	heading("cli_help_usage")
	line := strings.TrimSuffix(cmd.UseLine(), " [flags]")
	if cmd.HasAvailableSubCommands() {
		line += " " + c.text("cli_help_command", nil)
	}
	fmt.Fprintf(&b, "  %s\n", line)
	if cmd.HasAvailableSubCommands() {
		heading("cli_help_commands")
		width := 9
		for _, sub := range cmd.Commands() {
			width = max(width, len(sub.Name()))
		}
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-*s %s\n", width, sub.Name(), sub.Short)
			}
		}
	}
	heading("cli_help_example")
	for line := range strings.SplitSeq(cmd.Example, "\n") {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	heading("cli_help_flags")
	b.WriteString(strings.TrimRight(cmd.Flags().FlagUsages(), "\n"))
	return b.String()
}

// flagError turns the flag parser's errors into ours.
func (c *command) flagError(cmd *cobra.Command, err error) error {
	var (
		unknown  *pflag.NotExistError
		without  *pflag.ValueRequiredError
		bad      *pflag.InvalidValueError
		notAFlag *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		e := noFlag(cmd, dashed(name))
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if strings.HasPrefix(f.Name, name) || strings.HasPrefix(name, f.Name) {
				e.Nearest = append(e.Nearest, "--"+f.Name)
			}
		})
		return e
	case errors.As(err, &without):
		return usage("cli_flag_value", msg.Args{"Flag": dashed(without.GetSpecifiedName())})
	case errors.As(err, &bad):
		return usage("cli_flag_bad", msg.Args{"Flag": "--" + bad.GetFlag().Name})
	case errors.As(err, &notAFlag):
		return noFlag(cmd, notAFlag.GetSpecifiedFlag())
	}
	return errs.Wrap(errs.Usage, "cli_flags", nil, err)
}

// noFlag says that there is no such flag. What stands there may be the begin of a statement,
// where a command takes one, and with it the values of its parameters.
func noFlag(cmd *cobra.Command, name string) *errs.Error {
	id := "cli_flag_unknown"
	if cmd.Flags().Lookup("param") != nil {
		id = "cli_flag_or_statement"
	}
	return usage(id, msg.Args{"Flag": name})
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// exactly refuses another number of arguments.
func (c *command) exactly(n int, id string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(id, nil)
		}
		return nil
	}
}
