package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/app"
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
		return c.serve(cmd.Context(), cfg, listen, (*app.App).ListenDemo, func(url string) error { return c.invite(dir, url) })
	}
	return cmd
}

// prepare makes the sample city, and prints the tokens that were made with it: the only
// time that they are shown.
func (c *command) prepare(ctx context.Context, dir string) error {
	made, err := c.City.Prepare(ctx, dir, func(stage string) {
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
	if made.Reused {
		id = "cli_demo_reused"
	}
	c.say(c.text(id, msg.Args{"Dir": dir}))
	if len(made.Tokens) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", c.text("cli_demo_tokens", msg.Args{"File": filepath.Join(dir, c.City.TokensFile)}))
	for _, t := range made.Tokens {
		fmt.Fprintf(&b, "  %-9s %-33s %s %s（%s）\n", t.Login, t.Text, t.Agency, t.Name, t.Role)
	}
	return c.print(b.String())
}

// invite prints the address and the statements to try, ready to paste: a first line
// that takes the token out of its file, and then a command for each.
func (c *command) invite(dir, url string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nexport %s=$(awk '$1 == \"%s\" {print $2}' %s)\n\n",
		c.text("cli_demo_asker", msg.Args{"Login": c.City.Asker}), tokenVariable, c.City.Asker, shellWord(filepath.Join(dir, c.City.TokensFile)))
	for i, s := range c.City.Statements {
		fmt.Fprintf(&b, "%d. %s\n\n%s query --url %s --purpose %s %s\n\n", i+1, s.Title, shellWord(c.name()), url, c.City.Purpose, shellWord(s.SQL))
		if s.Check != "" {
			fmt.Fprintf(&b, "   %s\n\n", s.Check)
		}
	}
	if n := len(c.City.Statements); n > 0 {
		curl, err := curlCommand(url, c.City.Purpose, c.City.Statements[n-1].SQL)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s\n\n%s\n\n", c.text("cli_demo_curl", nil), curl)
	}
	b.WriteString(c.text("cli_serving_login", msg.Args{"URL": url}))
	return c.print(b.String())
}

// curlCommand writes a request as one to paste; the statement stands in a here
// document, where nothing of it means anything to the shell.
func curlCommand(url, purpose, sql string) (string, error) {
	var body strings.Builder
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(requestBody{SQL: sql, Purpose: purpose}); err != nil {
		return "", err
	}
	return fmt.Sprintf("curl -sS %s/v1/query -H \"Authorization: Bearer $%s\" -H 'Content-Type: application/json' -H 'Accept: application/json' --data-binary @- <<'JSON'\n%sJSON", url, tokenVariable, body.String()), nil
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
