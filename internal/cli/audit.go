package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
)

// auditFlags say where an audit log is.
type auditFlags struct {
	config string
	dir    string
	known  bool // the configuration was named, also where dir is another folder than its own
}

// auditFlags adds them. Where both can be given, the configuration tells of the folder
// what is known of it.
func (c *command) auditFlags(cmd *cobra.Command, f *auditFlags, both bool) {
	cmd.Flags().StringVar(&f.config, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Flags().StringVar(&f.dir, "dir", "", c.text("audit_flag_dir", nil))
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if both && cmd.Flags().Changed("config") {
			f.known = true
		} else if cmd.Flags().Changed("config") && cmd.Flags().Changed("dir") {
			return usage("audit_config_or_dir", nil)
		}
		return c.exactly(0, "cli_no_arguments")(cmd, args)
	}
}

// auditFolder gives the log's folder, and the configuration unless --dir alone names a
// folder.
func (c *command) auditFolder(f auditFlags) (string, *config.Config, error) {
	dir, cfg := f.dir, (*config.Config)(nil)
	if dir == "" || f.known {
		var err error
		if cfg, err = c.load(f.config); err != nil {
			return "", nil, err
		}
	}
	if dir == "" {
		dir = app.AuditFolder(cfg)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", nil, errs.Wrap(errs.Usage, "audit_no_folder", msg.Args{"Dir": dir}, err)
	}
	return dir, cfg, nil
}

func (c *command) auditCommand() *cobra.Command {
	cmd := c.describe(&cobra.Command{Use: "audit"}, "audit")
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			c.say(c.help(cmd))
			return usage("cli_no_command", nil)
		}
		err := usage("cli_unknown_command", msg.Args{"Name": args[0]})
		err.Nearest = cmd.SuggestionsFor(args[0])
		return err
	}
	cmd.AddCommand(c.auditVerifyCommand(), c.auditExportCommand(), c.auditReceiptCommand())
	return cmd
}

func (c *command) auditVerifyCommand() *cobra.Command {
	var (
		f           auditFlags
		heads, keys string
		asJSON      bool
	)
	cmd := c.describe(&cobra.Command{Use: "verify [--config F] [--dir D] [--heads FILE] [--key FILE] [--json]"}, "audit_verify")
	c.auditFlags(cmd, &f, true)
	cmd.Flags().StringVar(&heads, "heads", "", c.text("audit_flag_heads", nil))
	cmd.Flags().StringVar(&keys, "key", "", c.text("audit_flag_key", nil))
	cmd.Flags().BoolVar(&asJSON, "json", false, c.text("audit_flag_json", nil))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, cfg, err := c.auditFolder(f)
		if err != nil {
			return err
		}
		known, err := c.auditHeads(cmd.Context(), cfg, heads)
		if err != nil {
			return err
		}
		trusted, err := c.auditKeys(cfg, keys)
		if err != nil {
			return err
		}
		report, err := audit.Verify(dir, known, trusted)
		if err != nil {
			return errs.Wrap(errs.Usage, "audit_folder_unreadable", msg.Args{"Dir": dir}, err)
		}
		if err := c.auditReport(report, dir, asJSON); err != nil {
			return err
		}
		if !report.OK() {
			return errDone
		}
		return nil
	}
	return cmd
}

// auditHeads gives the heads of a file, or those of the configuration's store.
func (c *command) auditHeads(ctx context.Context, cfg *config.Config, file string) ([]audit.Head, error) {
	switch {
	case file == "" && (cfg == nil || c.AuditHeads == nil):
		return nil, nil
	case file == "":
		return c.AuditHeads(ctx, cfg)
	}
	data, err := c.auditFile(file, maxHeadsFile)
	if err != nil {
		return nil, err
	}
	var heads []audit.Head
	for line := range bytes.Lines(data) {
		var h audit.Head
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &h); err != nil || h.Gateway == "" {
			return nil, errs.Wrap(errs.Usage, "audit_heads_unreadable", msg.Args{"File": file, "Line": len(heads) + 1}, err)
		}
		heads = append(heads, h)
	}
	return heads, nil
}

// auditKeys gives the keys of a file, or the public key beside the configuration.
func (c *command) auditKeys(cfg *config.Config, file string) ([]audit.PublicKey, error) {
	if file == "" && cfg != nil {
		file = filepath.Join(cfg.Dir, audit.KeyName+".pub")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	if file == "" {
		return nil, nil
	}
	data, err := c.auditFile(file, maxAuditFile)
	if err != nil {
		return nil, err
	}
	return audit.ParsePublicKeys(data)
}

// The most that is read of a file, in bytes. A head has some 400, and comes once a
// minute: a year's are 200 MiB.
const (
	maxAuditFile = 1 << 20 // keys, a receipt
	maxHeadsFile = 256 << 20
)

func (c *command) auditFile(file string, most int64) (_ []byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, errs.Wrap(errs.Usage, "audit_file_unreadable", msg.Args{"File": file}, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errs.Wrap(errs.Usage, "audit_file_unreadable", msg.Args{"File": file}, err)
	}
	if int64(len(data)) > most {
		return nil, usage("audit_file_large", msg.Args{"File": file, "MiB": most >> 20})
	}
	return data, nil
}

// oneLine shows a text that holds names out of a folder which anybody may have filled:
// none of it steers the terminal or looks like a line of the report.
func oneLine(text string) string {
	return output.Printable(strings.ReplaceAll(text, "\n", "\\n"))
}

// mostPending is how many starts without an end are named.
const mostPending = 20

// elsewhere gives the folder beside dir that has the operator's log of a gateway; empty
// where there is none.
func elsewhere(dir, gateway string) string {
	beside := filepath.Clean(dir) + app.OperatorSuffix
	entries, err := os.ReadDir(beside)
	if err != nil || !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), gateway+"~") }) {
		return ""
	}
	return beside
}

func (c *command) auditReport(r *audit.Report, dir string, asJSON bool) error {
	if asJSON {
		b, err := json.Marshal(r)
		if err != nil {
			return errs.From(err)
		}
		return c.print(string(b))
	}
	var failed error
	say := func(id string, args msg.Args) { failed = errors.Join(failed, c.print(c.text(id, args))) }
	for _, part := range []struct {
		id   string
		list []audit.Finding
	}{{"audit_line_wrong", r.Findings}, {"audit_line_note", r.Notes}, {"audit_line_limit", r.Limits}} {
		for _, f := range part.list {
			text := f.Text(c.langs...)
			if f.Problem == audit.LimitForeign {
				if beside := elsewhere(dir, f.Gateway); beside != "" {
					text = c.text("audit_operator_apart", msg.Args{"Dir": beside})
				}
			}
			if place := f.Place(); place != "" {
				text = place + ": " + text
			}
			say(part.id, msg.Args{"Text": oneLine(text)})
		}
	}
	if r.OpenAll > 0 {
		var names []string
		for _, p := range r.Open[:min(len(r.Open), mostPending)] {
			names = append(names, oneLine(p.Query))
		}
		say("audit_line_open", msg.Args{"Count": r.OpenAll, "Queries": strings.Join(names, ", ")})
	}
	id := "audit_sound"
	if !r.OK() {
		id = "audit_unsound"
	}
	say(id, msg.Args{"Records": r.Records, "Boots": r.Boots, "Seals": r.Seals, "Count": uint64(len(r.Findings)) + r.Unlisted})
	return failed
}
