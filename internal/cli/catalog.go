package cli

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// tokenDay is what lives of tokens are given in.
const tokenDay = 24 * time.Hour

func (c *command) catalogCommand() *cobra.Command {
	cmd := c.describe(&cobra.Command{Use: "catalog"}, "catalog")
	cmd.RunE = func(*cobra.Command, []string) error { return usage("cli_needs_command", nil) }
	cmd.AddCommand(c.catalogInitCommand(), c.catalogRecoverCommand(), c.catalogTokenCommand(), c.catalogAppKeyCommand(), c.catalogCertificateCommand(), c.catalogPasswordCommand(), c.catalogFactorCommand(), c.catalogSessionCommand(), c.catalogTokenKeyCommand(), c.catalogImportCommand())
	return cmd
}

// catalogue opens the store of a configuration for one command.
func (c *command) catalogue(ctx context.Context, file string, do func(*app.Catalogue) error) (err error) {
	cfg, err := c.load(file)
	if err != nil {
		return err
	}
	cat, err := app.OpenCatalogue(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cat.Close()) }()
	return do(cat)
}

func (c *command) catalogInitCommand() *cobra.Command {
	var file, code, name, tokens string
	var days int
	cmd := c.describe(&cobra.Command{Use: "init [--config F] --code CODE --name NAME --tokens FILE"}, "catalog_init")
	flags := cmd.Flags()
	flags.StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	flags.StringVar(&code, "code", "", c.text("cli_flag_agency_code", nil))
	flags.StringVar(&name, "name", "", c.text("cli_flag_agency_name", nil))
	flags.StringVar(&tokens, "tokens", "", c.text("cli_flag_tokens", nil))
	flags.IntVar(&days, "days", 30, c.text("cli_flag_days", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if code == "" || name == "" || tokens == "" {
			return usage("cli_catalog_init_needs", nil)
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error {
			// The file comes first: without it the tokens would be lost.
			out, err := os.OpenFile(tokens, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				if errors.Is(err, fs.ErrExist) {
					return usage("cli_tokens_exist", msg.Args{"File": tokens})
				}
				return cannotWrite(tokens, err)
			}
			err = func() error {
				first, err := cat.Init(cmd.Context(), code, name, time.Duration(days)*tokenDay)
				if err != nil {
					return err
				}
				for _, k := range first {
					if _, err := out.WriteString(k.Login + " " + k.Text + "\n"); err != nil {
						return cannotWrite(tokens, err)
					}
				}
				return out.Sync()
			}()
			err = errors.Join(err, out.Close())
			if err != nil {
				return errors.Join(err, os.Remove(tokens))
			}
			c.say(c.text("cli_catalog_made", msg.Args{"File": tokens, "Days": days}))
			return nil
		})
	}
	return cmd
}

// limits are the flags that say what a token, or a key that signs, is limited to.
type limits struct {
	days                             int
	label                            string
	purposes, modes, from, resources []string
	perMinute                        int64
}

func (c *command) limits(flags *pflag.FlagSet) *limits {
	l := &limits{}
	flags.StringVar(&l.label, "label", "", c.text("cli_flag_label", nil))
	flags.IntVar(&l.days, "days", 30, c.text("cli_flag_days", nil))
	flags.StringArrayVar(&l.purposes, "purpose", nil, c.text("cli_flag_token_purpose", nil))
	flags.StringArrayVar(&l.modes, "mode", nil, c.text("cli_flag_token_mode", nil))
	flags.StringArrayVar(&l.resources, "resource", nil, c.text("cli_flag_token_resource", nil))
	flags.StringArrayVar(&l.from, "from", nil, c.text("cli_flag_token_from", nil))
	flags.Int64Var(&l.perMinute, "per-minute", 0, c.text("cli_flag_token_per_minute", nil))
	return l
}

// token gives what the flags say, with names of resources for a catalogue to find.
func (l *limits) token(ctx context.Context, cat *app.Catalogue, own string) (*catalog.Token, error) {
	k := &catalog.Token{Label: l.label, Purposes: l.purposes, PerMinute: l.perMinute, Expires: time.Now().Add(time.Duration(l.days) * tokenDay)}
	for _, m := range l.modes {
		k.Modes = append(k.Modes, catalog.Mode(strings.ToLower(m)))
	}
	for _, text := range l.from {
		p, ok := catalog.ParseAddresses(text)
		if !ok {
			return nil, usage("cli_token_from", msg.Args{"Text": text})
		}
		k.Addresses = append(k.Addresses, p)
	}
	if len(l.resources) == 0 {
		return k, nil
	}
	var err error
	k.Resources, err = cat.ResourceIDs(ctx, own, l.resources)
	return k, err
}

func (c *command) catalogTokenCommand() *cobra.Command {
	var file, tokenFile, login, revoke string
	var list bool
	cmd := c.describe(&cobra.Command{Use: "token [--config F] {--login LOGIN [--days N] [--purpose CODE]... [--mode MODE]... [--resource NAME]... [--from ADDRESSES]... [--per-minute N] | --list | --revoke ID}"}, "catalog_token")
	flags := cmd.Flags()
	flags.StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	flags.StringVar(&tokenFile, "token-file", "", c.text("cli_flag_own_token", nil))
	flags.StringVar(&login, "login", "", c.text("cli_flag_login", nil))
	limits := c.limits(flags)
	flags.BoolVar(&list, "list", false, c.text("cli_flag_token_list", nil))
	flags.StringVar(&revoke, "revoke", "", c.text("cli_flag_token_revoke", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		own, err := c.token(tokenFile)
		if err != nil {
			return err
		}
		named := 0
		for _, is := range []bool{list, flags.Changed("revoke"), login != ""} {
			if is {
				named++
			}
		}
		if named != 1 {
			return usage("cli_token_one", nil)
		}
		if list {
			return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error { return c.tokens(cmd.Context(), cat, own) })
		}
		if flags.Changed("revoke") {
			return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error { return cat.RevokeToken(cmd.Context(), own, revoke) })
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error {
			k, err := limits.token(cmd.Context(), cat, own)
			if err != nil {
				return err
			}
			text, err := cat.NewToken(cmd.Context(), own, login, k)
			if err != nil {
				return err
			}
			return c.print(text)
		})
	}
	return cmd
}

// catalogAppKeyCommand makes a key with which a program signs its requests instead of
// sending a token.
func (c *command) catalogAppKeyCommand() *cobra.Command {
	var file, tokenFile, login string
	cmd := c.describe(&cobra.Command{Use: "app-key [--config F] --login LOGIN [--days N] [--purpose CODE]... [--mode MODE]... [--resource NAME]... [--from ADDRESSES]... [--per-minute N]"}, "catalog_app_key")
	flags := cmd.Flags()
	flags.StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	flags.StringVar(&tokenFile, "token-file", "", c.text("cli_flag_own_token", nil))
	flags.StringVar(&login, "login", "", c.text("cli_flag_login", nil))
	limits := c.limits(flags)
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		own, err := c.token(tokenFile)
		if err != nil {
			return err
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error {
			k, err := limits.token(cmd.Context(), cat, own)
			if err != nil {
				return err
			}
			secret, err := cat.NewSigningKey(cmd.Context(), own, login, k)
			if err != nil {
				return err
			}
			return c.print(k.ID + " " + secret)
		})
	}
	return cmd
}

// catalogCertificateCommand says which service account a client's certificate stands for.
func (c *command) catalogCertificateCommand() *cobra.Command {
	var file, tokenFile, login, path string
	cmd := c.describe(&cobra.Command{Use: "certificate [--config F] --login LOGIN --cert FILE [--days N] [--purpose CODE]... [--mode MODE]... [--resource NAME]... [--from ADDRESSES]... [--per-minute N]"}, "catalog_certificate")
	flags := cmd.Flags()
	flags.StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	flags.StringVar(&tokenFile, "token-file", "", c.text("cli_flag_own_token", nil))
	flags.StringVar(&login, "login", "", c.text("cli_flag_password_login", nil))
	flags.StringVar(&path, "cert", "", c.text("cli_flag_certificate", nil))
	limits := c.limits(flags)
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		own, err := c.token(tokenFile)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return errs.Wrap(errs.Usage, "cli_certificate", msg.Args{"File": path}, err)
		}
		block, _ := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return usage("cli_certificate", msg.Args{"File": path})
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return errs.Wrap(errs.Usage, "cli_certificate", msg.Args{"File": path}, err)
		}
		return c.catalogue(cmd.Context(), file, func(cat *app.Catalogue) error {
			k, err := limits.token(cmd.Context(), cat, own)
			if err != nil {
				return err
			}
			if err := cat.Certify(cmd.Context(), own, login, cert, k); err != nil {
				return err
			}
			return c.print(k.ID)
		})
	}
	return cmd
}

// tokens prints a line for each token that is to be seen. None has its text.
func (c *command) tokens(ctx context.Context, cat *app.Catalogue, own string) error {
	all, logins, err := cat.Tokens(ctx, own)
	if err != nil {
		return err
	}
	c.tellRecovered(ctx, cat, own)
	now := time.Now()
	for i, k := range all {
		state := "cli_token_holds"
		switch {
		case !k.Revoked.IsZero():
			state = "cli_token_revoked"
		case !now.Before(k.Expires):
			state = "cli_token_expired"
		}
		line := []string{k.ID, logins[i], c.text(state, msg.Args{"Day": k.Expires.Local().Format(time.DateOnly)})}
		if len(k.Purposes) > 0 {
			line = append(line, strings.Join(k.Purposes, ","))
		}
		for _, m := range k.Modes {
			line = append(line, string(m))
		}
		for _, p := range k.Addresses {
			line = append(line, "from "+p.String())
		}
		if len(k.Resources) > 0 {
			line = append(line, c.text("cli_token_resources", msg.Args{"Count": len(k.Resources)}))
		}
		if k.PerMinute > 0 {
			line = append(line, strconv.FormatInt(k.PerMinute, 10)+"/min")
		}
		if k.Signs != "" {
			line = append(line, string(k.Signs))
		}
		if k.Label != "" {
			line = append(line, k.Label)
		}
		if err := c.print(strings.Join(line, "  ")); err != nil {
			return err
		}
	}
	return nil
}
