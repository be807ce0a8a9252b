package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

func (c *command) checkCommand() *cobra.Command {
	var (
		file   string
		asJSON bool
	)
	cmd := c.describe(&cobra.Command{Use: "check [--config F] [--json]"}, "check")
	cmd.Flags().StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Flags().BoolVar(&asJSON, "json", false, c.text("check_flag_json", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if asJSON {
			return c.checkJSON(cmd.Context(), file)
		}
		return c.check(cmd.Context(), file)
	}
	return cmd
}

// check prints a few lines for each source; what is wrong decides the exit code.
func (c *command) check(ctx context.Context, file string) error {
	cfg, err := c.load(file)
	if err != nil {
		return err
	}
	p := &checkPrinter{command: c, cfg: cfg}
	for _, s := range cfg.Sources {
		p.width = max(p.width, terminal.StringWidth(s.Name))
	}
	report, err := app.Check(ctx, cfg, c.App, p.source)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		if f.Level == app.LevelError {
			c.tell(f.Err)
		} else {
			c.say(p.finding(f))
		}
	}
	wrong := report.Count(app.LevelError)
	args := msg.Args{
		"File": file, "Sources": len(cfg.Sources), "Resources": len(cfg.Published), "Count": wrong,
		"Warnings": report.Count(app.LevelWarning), "Hints": report.Count(app.LevelHint),
	}
	if wrong > 0 {
		c.say(c.text("cli_check_wrong", args))
		return errors.Join(p.err, worst(report.Wrong()))
	}
	id := "cli_check_ok"
	if args["Warnings"] != 0 || args["Hints"] != 0 {
		id = "check_ok_but"
	}
	said := p.text(id, args)
	if n := report.Catalogued; n != nil {
		said += p.text("cli_check_catalogued", msg.Args{"Resources": *n})
	}
	return errors.Join(p.err, p.print(said))
}

// worst gives what ends a run in which these errors were said already: a wrong
// configuration before what else can be wrong.
func worst(wrong []error) error {
	for _, err := range wrong {
		if exitCode(err) == exitUsage {
			return errDoneUsage
		}
	}
	if len(wrong) > 0 {
		return errDone
	}
	return nil
}

// checkPrinter prints the sources' lines.
type checkPrinter struct {
	*command
	cfg   *config.Config
	width int
	err   error // of printing
}

// mostColumns is how many columns that cannot be read are named for one source.
const mostColumns = 10

func (p *checkPrinter) source(r app.SourceReport) {
	args := msg.Args{
		"Name": r.Name + strings.Repeat(" ", p.width-terminal.StringWidth(r.Name)),
		"Kind": r.Kind + strings.Repeat(" ", max(0, len("postgres")-len(r.Kind))),
	}
	if !r.Usable() {
		p.unusable(r, args)
		return
	}
	args["Version"], args["Tables"] = r.Version, r.Tables+r.Views
	p.line(p.text("cli_check_source", args))
	if facts := p.facts(r); len(facts) > 0 {
		p.line("  " + strings.Join(facts, p.text("check_comma", nil)))
	}
	for _, f := range r.Findings {
		p.line("  " + p.finding(f))
	}
	for _, u := range r.Unreadable[:min(len(r.Unreadable), mostColumns)] {
		p.line("  " + p.text("cli_check_unreadable", msg.Args{"Column": u.Column, "Type": u.Type}))
	}
}

func (p *checkPrinter) unusable(r app.SourceReport, args msg.Args) {
	for _, f := range r.Findings {
		if f.Level != app.LevelError {
			continue
		}
		text := f.Text(p.langs...)
		if place := f.Place(); place != "" {
			text = place + ": " + text
		}
		args["Text"] = text
		p.line(p.text("cli_check_unusable", args))
		if e := errs.From(f.Err); e.Detail != "" {
			p.line("  " + detail(e, p.cfg.Secrets()))
		}
	}
}

// facts is what there is to say of a source that is neither good nor bad.
func (p *checkPrinter) facts(r app.SourceReport) []string {
	var out []string
	say := func(id string, when bool, args msg.Args) {
		if when {
			out = append(out, p.text(id, args))
		}
	}
	if x := r.Examined; x != nil {
		say("check_fact_standby", x.Standby == connectors.Yes, nil)
		say("check_fact_zone", x.Zone != "", msg.Args{"Zone": x.Zone})
		say("check_fact_encoding", x.Encoding != "", msg.Args{"Encoding": x.Encoding})
		say("check_fact_collation", x.Collation != "", msg.Args{"Collation": x.Collation})
	}
	args := msg.Args{"Tables": r.Statistics.Tables, "Oldest": day(r.Statistics.Oldest)}
	say("check_fact_statistics", r.Statistics.Read && r.Statistics.Oldest.IsZero(), args)
	say("check_fact_statistics_since", !r.Statistics.Oldest.IsZero(), args)
	return out
}

func (p *checkPrinter) finding(f app.Finding) string {
	return p.text("check_finding", msg.Args{"Level": p.text("check_level_"+string(f.Level), nil), "Code": f.Code, "Text": f.Text(p.langs...)})
}

func (p *checkPrinter) line(text string) { p.err = errors.Join(p.err, p.print(text)) }
