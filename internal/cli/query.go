package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/server"
)

// defaultConfig is the configuration where none is named.
const defaultConfig = "lianji.yaml"

// maxStatement is the most that is read from standard input, in bytes.
const maxStatement = 1 << 20

// queryFlags are what query and explain have in common.
type queryFlags struct {
	config    string
	configSet bool
	direct    bool
	url       string
	ca        string // a file; empty means whom the machine trusts
	tokenFile string
	purpose   string
	mode      string // empty means the door's own
	format    string
	output    string // a file; empty means standard output
	params    []string
	page      string // in the place of a statement
	nonce     string
	receipt   string // a file
}

func (c *command) queryFlags(cmd *cobra.Command, f *queryFlags, format string) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", defaultConfig, c.text("cli_flag_config", nil))
	flags.BoolVar(&f.direct, "direct", false, c.text("cli_flag_direct", nil))
	flags.StringVar(&f.url, "url", "", c.text("cli_flag_url", nil))
	flags.StringVar(&f.ca, "ca", "", c.text("cli_flag_ca", nil))
	flags.StringVar(&f.tokenFile, "token-file", "", c.text("cli_flag_token", nil))
	flags.StringVar(&f.purpose, "purpose", "", c.text("cli_flag_purpose", nil))
	flags.StringVar(&f.mode, "mode", "", c.text("cli_flag_mode", nil))
	flags.StringVar(&f.format, "format", format, c.text("cli_flag_format_"+cmd.Name(), nil))
	flags.StringArrayVar(&f.params, "param", nil, c.text("cli_flag_param", nil))
	cmd.Args = c.exactly(1, "cli_one_statement")
}

func (c *command) queryCommand() *cobra.Command {
	var f queryFlags
	cmd := c.describe(&cobra.Command{Use: "query [--config F --direct | --url URL [--ca FILE]] [--format F] [-o FILE] [--param V]... [--receipt FILE] {'SQL' | --page PAGE}"}, "query")
	c.queryFlags(cmd, &f, "table")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", c.text("cli_flag_output", nil))
	cmd.Flags().StringVar(&f.page, "page", "", c.text("cli_flag_page", nil))
	cmd.Flags().StringVar(&f.receipt, "receipt", "", c.text("cli_flag_receipt", nil))
	cmd.Flags().StringVar(&f.nonce, "nonce", "", c.text("cli_flag_nonce", nil))
	one := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if f.page != "" {
			return c.exactly(0, "cli_page_alone")(cmd, args)
		}
		return one(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.configSet = cmd.Flags().Changed("config")
		if !cmd.Flags().Changed("format") {
			if err := f.formOfFile(); err != nil {
				return err
			}
		}
		if f.page != "" && f.mode == "" {
			f.mode = string(catalog.Online)
		}
		if f.receipt != "" && f.nonce == "" {
			var random [32]byte
			_, _ = rand.Read(random[:]) // never fails
			f.nonce = hex.EncodeToString(random[:])
		}
		return c.query(cmd.Context(), f, strings.Join(args, ""))
	}
	return cmd
}

// formOfFile takes the form that the file's ending names. What would get another form
// than its name says is refused.
func (f *queryFlags) formOfFile() error {
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.output), "."))
	if ending == "" || ending == "txt" {
		return nil
	}
	form, ok := output.ParseForm(ending)
	if !ok {
		return usage("cli_output_form", msg.Args{"Form": ending})
	}
	f.format = form.String()
	return nil
}

func (c *command) query(ctx context.Context, f queryFlags, argument string) error {
	form, ok := output.ParseForm(f.format)
	if !ok {
		return usage("cli_format", msg.Args{"Format": f.format})
	}
	if f.output != "" {
		return c.queryInto(ctx, f, form, argument)
	}
	if form.IsBinary() && terminalWidth(c.Stdout) > 0 {
		return usage("cli_binary", msg.Args{"Format": f.format})
	}
	return c.queryTo(ctx, c.Stdout, f, form, argument)
}

// queryInto writes the answer to the file of -o.
func (c *command) queryInto(ctx context.Context, f queryFlags, form output.Form, argument string) error {
	if err := f.check(); err != nil {
		return err
	}
	file, err := createOut(f.output)
	if err != nil {
		return err
	}
	defer file.discard()
	if err := c.queryTo(ctx, file, f, form, argument); err != nil {
		return err
	}
	return file.finish()
}

func (c *command) queryTo(ctx context.Context, w io.Writer, f queryFlags, form output.Form, argument string) error {
	if f.asItComes() {
		return c.queryRaw(ctx, w, f, form, argument)
	}
	return c.ask(ctx, f, argument, "", func(ctx context.Context, a *server.Answer, p *progress, started time.Time) error {
		o := output.Options{Types: types(a.Columns), QueryID: a.ID, Langs: c.langs, Started: started, Width: terminalWidth(w), Footer: a.Footer}
		// What another program is to read comes with nothing beside it, unless somebody looks on.
		if form == output.Table || terminalWidth(c.Stderr) > 0 {
			o.Notes = p.before(c.Stderr)
		}
		_, err := output.Write(ctx, p.beforeAnswer(w), form, p.counted(a.Stream), o)
		return err
	})
}

// shower shows an answer. It stops the progress, at the latest before it writes to a
// terminal.
type shower func(ctx context.Context, a *server.Answer, p *progress, started time.Time) error

// ask runs the statement with prefix put before it, and hands the answer to show.
func (c *command) ask(ctx context.Context, f queryFlags, argument, prefix string, show shower) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	sql, err := c.statement(argument)
	if err != nil {
		return err
	}
	params, err := parseParams(f.params)
	if err != nil {
		return err
	}
	p := c.newProgress()
	target, err := c.target(ctx, f, sql, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	started := time.Now()
	p.start(started)
	err = func() error {
		defer p.stop()
		answer, err := target.query(ctx, server.Request{SQL: prefix + sql, Params: params})
		if err != nil {
			return err
		}
		defer answer.Stream.Release()
		if err := show(ctx, answer, p, started); err != nil {
			return err
		}
		p.stop()
		for _, w := range answer.Stream.Warnings() {
			c.say(c.text("cli_warning", msg.Args{"Code": string(w.Code), "Text": w.Text(c.langs...)}))
		}
		return nil
	}()
	var unwritten *output.WriteError
	if err == nil || errors.As(err, &unwritten) {
		return err
	}
	return &failed{err: withoutPrefix(err, sql, len(prefix)), sql: sql, operator: target.operator, secrets: target.secrets}
}

// withoutPrefix moves an error's place from the text that was sent to the one that
// the person wrote.
func withoutPrefix(err error, sql string, prefix int) error {
	e := errs.From(err)
	if e.Pos == nil || prefix == 0 {
		return e
	}
	return e.At(sql, e.Pos.Offset-prefix)
}

// check finds flags that do not go together.
func (f queryFlags) check() error {
	switch {
	case f.url != "" && (f.configSet || f.direct):
		return usage("cli_url_or_config", nil)
	case f.url == "" && f.ca != "":
		return usage("cli_ca_without_https", nil)
	case f.url == "" && f.tokenFile != "":
		return usage("cli_token_without_url", nil)
	case f.purpose != "" && !catalog.IsPurposeCode(f.purpose):
		return usage("cli_purpose", nil)
	case f.url == "" && f.mode != "":
		return usage("cli_mode_without_url", nil)
	case f.mode != "" && f.mode != string(catalog.Interface) && f.mode != string(catalog.Download) && f.mode != string(catalog.Online):
		return usage("cli_mode", nil)
	case f.url == "" && (f.page != "" || f.nonce != "" || f.receipt != ""):
		return usage("cli_page_without_url", nil)
	case f.page != "" && (f.mode != string(catalog.Online) || len(f.params) > 0):
		return usage("cli_page_alone", nil)
	case f.nonce != "" && f.receipt == "":
		return usage("cli_nonce_without_receipt", nil)
	case f.receipt != "" && f.format == output.Table.String():
		return usage("cli_receipt_form", nil)
	case f.mode == string(catalog.Online) && f.format != output.Table.String() && f.format != output.JSON.String() && f.format != output.NDJSON.String():
		return usage("cli_online_form", nil)
	}
	return nil
}

// statement gives the text of the argument, or of standard input for "-".
func (c *command) statement(argument string) (string, error) {
	sql := argument
	if argument == "-" {
		data, err := io.ReadAll(io.LimitReader(c.Stdin, maxStatement+1))
		if err != nil {
			return "", errs.Wrap(errs.Usage, "cli_stdin", nil, err)
		}
		if len(data) > maxStatement {
			return "", usage("cli_stdin_large", msg.Args{"MiB": maxStatement >> 20})
		}
		sql = string(data)
	}
	if !utf8.ValidString(sql) {
		return "", usage("cli_not_utf8", nil)
	}
	if strings.TrimSpace(sql) == "" {
		return "", usage("cli_one_statement", nil)
	}
	return sql, nil
}

// namedParam is $name=value, as the parameter is written in the statement.
var namedParam = regexp.MustCompile(`(?s)^\$([\p{L}_][\p{L}\p{N}_]*)=(.*)$`)

// parseParams reads the values of --param: by position, or by name for all of them.
func parseParams(list []string) ([]server.Param, error) {
	var out []server.Param
	for _, text := range list {
		if !utf8.ValidString(text) {
			return nil, usage("cli_not_utf8", nil)
		}
		p := server.Param{Text: text}
		if m := namedParam.FindStringSubmatch(text); m != nil {
			p = server.Param{Name: m[1], Text: m[2]}
		}
		if len(out) > 0 && (out[0].Name == "") != (p.Name == "") {
			return nil, usage("cli_params_mixed", nil)
		}
		out = append(out, p)
	}
	return out, nil
}

func types(columns []catalog.Column) []catalog.Type {
	out := make([]catalog.Type, len(columns))
	for i, col := range columns {
		out[i] = col.Type
	}
	return out
}
