package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
)

func (c *command) auditExportCommand() *cobra.Command {
	var (
		f        auditFlags
		filter   audit.Filter
		from, to string
		file     string
	)
	cmd := c.describe(&cobra.Command{Use: "export [--config F | --dir D] [--from TIME] [--to TIME] [--provider RESOURCE]... [-o FILE]"}, "audit_export")
	c.auditFlags(cmd, &f, false)
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", c.text("audit_flag_from", nil))
	flags.StringVar(&to, "to", "", c.text("audit_flag_to", nil))
	flags.StringVar(&filter.Principal, "principal", "", c.text("audit_flag_principal", nil))
	flags.StringVar(&filter.Agency, "agency", "", c.text("audit_flag_agency", nil))
	flags.StringArrayVar(&filter.Resources, "resource", nil, c.text("audit_flag_resource", nil))
	flags.StringArrayVar(&filter.Own, "provider", nil, c.text("audit_flag_provider", nil))
	flags.StringVarP(&file, "output", "o", "", c.text("audit_flag_output", nil))
	cmd.RunE = func(*cobra.Command, []string) error {
		var err error
		if filter.From, err = auditTime("from", from); err != nil {
			return err
		}
		if filter.To, err = auditTime("to", to); err != nil {
			return err
		}
		dir, _, err := c.auditFolder(f)
		if err != nil {
			return err
		}
		return c.auditExport(dir, filter, file)
	}
	return cmd
}

// auditTime reads a day or a moment; empty is none.
func auditTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usage("audit_time", msg.Args{"Flag": "--" + flag})
}

func (c *command) auditExport(dir string, filter audit.Filter, file string) error {
	var w io.Writer = c.Stdout
	finish := func() error { return nil }
	if file != "" {
		out, err := createOut(file)
		if err != nil {
			return err
		}
		defer out.discard()
		w, finish = out, out.finish
	}
	result, err := audit.Export(dir, filter, writeErrors{w})
	if err == nil {
		err = finish()
	}
	var unwritten *output.WriteError
	switch {
	case errors.As(err, &unwritten):
		return err
	case err != nil:
		return errs.Wrap(errs.Usage, "audit_folder_unreadable", msg.Args{"Dir": dir}, err)
	}
	c.say(c.text("audit_exported", msg.Args{"Records": result.Records}))
	// No record is not the same as nobody of that name.
	switch {
	case filter.Agency != "" && !slices.Contains(result.Agencies, filter.Agency):
		return errs.New(errs.UnknownName, "audit_no_agency", msg.Args{"Agency": filter.Agency, "Agencies": strings.Join(slices.DeleteFunc(result.Agencies, func(a string) bool { return a == "" }), ", ")})
	case filter.Principal != "" && !slices.Contains(result.Principals, filter.Principal):
		return errs.New(errs.UnknownName, "audit_no_principal", msg.Args{"Principal": filter.Principal})
	}
	if result.Skipped > 0 {
		c.say(c.text("audit_export_skipped", msg.Args{"Count": result.Skipped}))
		return errDone
	}
	return nil
}

// writeErrors tells errors of writing the answer from those of reading the log.
type writeErrors struct{ w io.Writer }

func (w writeErrors) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		return n, &output.WriteError{Err: err}
	}
	return n, nil
}

func (c *command) auditReceiptCommand() *cobra.Command {
	var key, answer, nonce string
	cmd := c.describe(&cobra.Command{Use: "verify-receipt FILE --key FILE [--answer FILE --nonce HEX]"}, "audit_receipt")
	cmd.Flags().StringVar(&key, "key", "", c.text("audit_flag_key", nil))
	cmd.Flags().StringVar(&answer, "answer", "", c.text("audit_flag_answer", nil))
	cmd.Flags().StringVar(&nonce, "nonce", "", c.text("audit_flag_nonce", nil))
	cmd.Args = c.exactly(1, "audit_one_receipt")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		switch {
		case key == "":
			return usage("audit_key_needed", nil)
		case (answer == "") != (nonce == ""):
			return usage("audit_answer_and_nonce", nil)
		}
		return c.auditReceipt(args[0], key, answer, nonce)
	}
	return cmd
}

func (c *command) auditReceipt(file, key, answer, nonce string) error {
	data, err := c.auditFile(file, maxAuditFile)
	if err != nil {
		return err
	}
	r, err := audit.ParseReceipt(data)
	if err != nil {
		return err
	}
	keys, err := c.auditKeys(nil, key)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err = audit.VerifyReceipt(r, k); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	if answer != "" {
		same, err := sameAnswer(r, nonce, answer)
		if err != nil {
			return errs.Wrap(errs.Usage, "audit_file_unreadable", msg.Args{"File": answer}, err)
		}
		if !same {
			return errs.New(errs.DataError, "audit_answer_other", nil)
		}
	}
	return c.print(c.text("audit_receipt_good", msg.Args{
		"Query": r.ID.Query, "Time": r.Time, "Principal": r.Principal, "Agency": r.Agency, "Purpose": r.Purpose, "Rows": r.Rows, "Gateway": r.ID.Gateway,
	}))
}

// receiptTail is more than an answer in JSON has from its member receipt on.
const receiptTail = 64 << 10

// sameAnswer reports whether a file holds the answer of a receipt: all of it, or in JSON
// what stands before the member receipt. The file is read in pieces.
func sameAnswer(r audit.Receipt, nonce, file string) (same bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if same, err = audit.SameAnswer(r.Digest, nonce, f); same || err != nil {
		return same, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	from := max(info.Size()-receiptTail, 0)
	tail := make([]byte, info.Size()-from)
	if _, err := f.ReadAt(tail, from); err != nil {
		return false, err
	}
	at := bytes.LastIndex(tail, []byte(output.ReceiptMember))
	if at < 0 {
		return false, nil
	}
	return audit.SameAnswer(r.Digest, nonce, io.NewSectionReader(f, 0, from+int64(at)))
}
