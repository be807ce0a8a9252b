package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

func (c *command) checkCommand() *cobra.Command {
	var file string
	cmd := c.describe(&cobra.Command{Use: "check [--config F]"}, "check")
	cmd.Flags().StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return c.check(cmd.Context(), file) }
	return cmd
}

// check prints a line for each source; what is wrong decides the exit code.
func (c *command) check(ctx context.Context, file string) error {
	cfg, err := c.load(file)
	if err != nil {
		return err
	}
	p := &checkPrinter{command: c, cfg: cfg}
	for _, s := range cfg.Sources {
		p.width = max(p.width, terminal.StringWidth(s.Name))
	}
	problems, err := app.Check(ctx, cfg, c.App, p.source)
	if err != nil {
		return err
	}
	for _, problem := range problems {
		c.tell(problem)
		p.count(problem)
	}
	if p.worst == nil {
		return errors.Join(p.err, c.print(c.text("cli_check_ok", msg.Args{"File": file, "Sources": len(cfg.Sources), "Resources": len(cfg.Published)})))
	}
	c.say(c.text("cli_check_wrong", msg.Args{"File": file, "Count": p.wrong}))
	return errors.Join(p.err, p.worst)
}

// checkPrinter prints the sources' lines and remembers the worst that it met.
type checkPrinter struct {
	*command
	cfg   *config.Config
	width int
	wrong int
	worst error // what decides the exit code: it was said already
	err   error // of printing
}

func (p *checkPrinter) count(err error) {
	p.wrong++
	if p.worst == nil {
		p.worst = errDone
	}
	if exitCode(err) == exitUsage {
		p.worst = errDoneUsage
	}
}

func (p *checkPrinter) source(r app.SourceReport) {
	args := msg.Args{
		"Name": r.Name + strings.Repeat(" ", p.width-terminal.StringWidth(r.Name)),
		"Kind": r.Kind + strings.Repeat(" ", max(0, len("postgres")-len(r.Kind))),
	}
	if r.Err != nil {
		p.count(r.Err)
		e := errs.From(r.Err)
		text := e.Text(p.langs...)
		var placed *app.Placed
		if errors.As(r.Err, &placed) {
			text = placed.Place + ": " + text
		}
		args["Text"] = text
		p.line(p.text("cli_check_unusable", args))
		if e.Detail != "" {
			p.line("  " + detail(e, p.cfg.Secrets()))
		}
		return
	}
	args["Version"], args["Tables"] = r.Version, r.Tables
	p.line(p.text("cli_check_source", args))
	for _, u := range r.Unreadable {
		p.line("  " + p.text("cli_check_unreadable", msg.Args{"Column": u.Column, "Type": u.Type}))
	}
}

func (p *checkPrinter) line(text string) { p.err = errors.Join(p.err, p.print(text)) }
