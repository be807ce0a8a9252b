package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

const defaultDemo = "lianji-demo"

func (c *command) demoCommand() *cobra.Command {
	var (
		dir, listen string
		prepare     bool
	)
	cmd := c.describe(&cobra.Command{Use: "demo [--dir D] [--prepare] [--listen ADDRESS]"}, "demo")
	cmd.Flags().StringVar(&dir, "dir", defaultDemo, c.text("cli_flag_dir", nil))
	cmd.Flags().BoolVar(&prepare, "prepare", false, c.text("cli_flag_prepare", nil))
	cmd.Flags().StringVar(&listen, "listen", "", c.text("cli_flag_listen", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := c.prepare(cmd.Context(), dir); err != nil || prepare {
			return err
		}
		cfg, err := c.load(filepath.Join(dir, defaultConfig))
		if err != nil {
			return err
		}
		return c.serve(cmd.Context(), cfg, listen, true, c.invite)
	}
	return cmd
}

// prepare makes the sample city.
func (c *command) prepare(ctx context.Context, dir string) error {
	reused, err := c.City.Prepare(ctx, dir, func(stage string) {
		c.say(c.text("cli_demo_stage", msg.Args{"Stage": stage}))
	})
	switch {
	case ctx.Err() != nil:
		return errs.From(ctx.Err())
	case errors.Is(err, c.City.Foreign) && err != nil:
		return errs.Wrap(errs.ConfigInvalid, "cli_demo_foreign", msg.Args{"Dir": dir}, err)
	case err != nil:
		return &failed{err: errs.Wrap(errs.Internal, "cli_demo_failed", msg.Args{"Dir": dir}, err), operator: true}
	}
	id := "cli_demo_made"
	if reused {
		id = "cli_demo_reused"
	}
	c.say(c.text(id, msg.Args{"Dir": dir}))
	return nil
}

// invite prints the address and the statements to try, ready to paste.
func (c *command) invite(url string) error {
	var b strings.Builder
	for i, s := range c.City.Statements {
		fmt.Fprintf(&b, "%d. %s\n\n%s query --url %s %s\n\n", i+1, s.Title, shellWord(c.name()), url, shellWord(s.SQL))
		if s.Check != "" {
			fmt.Fprintf(&b, "   %s\n\n", s.Check)
		}
	}
	if n := len(c.City.Statements); n > 0 {
		curl, err := curlCommand(url, c.City.Statements[n-1].SQL)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s\n\n%s\n\n", c.text("cli_demo_curl", nil), curl)
	}
	b.WriteString(c.text("cli_serving", msg.Args{"URL": url}))
	return c.print(b.String())
}

// curlCommand writes a request as one to paste; the statement stands in a here
// document, where nothing of it means anything to the shell.
func curlCommand(url, sql string) (string, error) {
	var body strings.Builder
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]string{"sql": sql}); err != nil {
		return "", err
	}
	return fmt.Sprintf("curl -sS %s/v1/query -H 'Content-Type: application/json' -H 'Accept: application/json' --data-binary @- <<'JSON'\n%sJSON", url, body.String()), nil
}

// shellWord quotes a word for a POSIX shell, in the way that is easier to read.
func shellWord(s string) string {
	switch {
	case s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:-") == "":
		return s
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	case !strings.ContainsAny(s, "\"$`\\!"):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
