package cli

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

func (c *command) explainCommand() *cobra.Command {
	var (
		f       queryFlags
		analyze bool
	)
	cmd := c.describe(&cobra.Command{Use: "explain [--config F --direct | --url URL [--ca FILE]] [--analyze] [--format F] [--param V]... 'SQL'"}, "explain")
	c.queryFlags(cmd, &f, "text")
	cmd.Flags().BoolVar(&analyze, "analyze", false, c.text("cli_flag_analyze", nil))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.configSet = cmd.Flags().Changed("config")
		prefixes := map[string]string{"text": "EXPLAIN ", "json": "EXPLAIN (FORMAT JSON) "}
		if analyze {
			prefixes = map[string]string{"text": "EXPLAIN ANALYZE ", "json": "EXPLAIN (ANALYZE, FORMAT JSON) "}
		}
		prefix, ok := prefixes[f.format]
		if !ok {
			return usage("cli_format_explain", msg.Args{"Format": f.format})
		}
		return c.ask(cmd.Context(), f, args[0], prefix, c.showText)
	}
	return cmd
}

// showText prints the rows of an answer that has one column of text, as they are.
func (c *command) showText(_ context.Context, a *server.Answer, p *progress, _ time.Time) error {
	p.stop()
	for a.Stream.Next() {
		batch := a.Stream.RecordBatch()
		if batch.NumCols() != 1 {
			return errs.Internalf("EXPLAIN answered with %d columns", batch.NumCols())
		}
		lines, ok := batch.Column(0).(*array.String)
		if !ok {
			return errs.Internalf("EXPLAIN answered with %s", batch.Column(0).DataType())
		}
		for i := range lines.Len() {
			if err := c.print(lines.Value(i)); err != nil {
				return err
			}
		}
	}
	return a.Stream.Err()
}
