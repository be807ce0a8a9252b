package cli

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/logging"
	"github.com/lianji/lianji/internal/msg"
)

func (c *command) serveCommand() *cobra.Command {
	var (
		file              string
		noAuth, allowDemo bool
		plain             bool
	)
	cmd := c.describe(&cobra.Command{Use: "serve [--config F] [--allow-plaintext] [--allow-demo | --no-auth]"}, "serve")
	cmd.Flags().StringVar(&file, "config", defaultConfig, c.text("cli_flag_config", nil))
	cmd.Flags().BoolVar(&allowDemo, "allow-demo", false, c.text("cli_flag_allow_demo", nil))
	cmd.Flags().BoolVar(&plain, "allow-plaintext", false, c.text("cli_flag_allow_plaintext", nil))
	cmd.Flags().BoolVar(&noAuth, "no-auth", false, c.text("cli_flag_no_auth", nil))
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := c.load(file)
		if err != nil {
			return err
		}
		if plain && noAuth {
			return usage("cli_plaintext_needs_login", nil)
		}
		c.App.Plaintext = plain
		listen := (*app.App).ListenHTTP
		switch {
		case noAuth && allowDemo:
			return usage("cli_demo_or_open", nil)
		case noAuth:
			listen = (*app.App).ListenOpen
		case allowDemo:
			listen = (*app.App).ListenDemo
		}
		return c.serve(cmd.Context(), cfg, "", listen, func(url string) error {
			id := "cli_serving_login"
			switch {
			case noAuth:
				id = "cli_serving"
			case !hereAlone(url):
				id = "cli_serving_all"
			}
			c.say(c.text(id, msg.Args{"URL": url}))
			return nil
		})
	}
	return cmd
}

// hereAlone reports whether a door at a URL is reached from this machine alone.
func hereAlone(door string) bool {
	u, err := url.Parse(door)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback()
}

// opening is one of the ways in which an App opens its HTTP door.
type opening func(a *app.App, ctx context.Context, address string) (*app.Door, error)

// serve opens the sources and the HTTP door, calls ready with the address, and answers
// until ctx ends.
func (c *command) serve(ctx context.Context, cfg *config.Config, address string, listen opening, ready func(url string) error) error {
	logger, redact := logging.New(c.Stderr, slog.LevelInfo)
	redact.Hide(cfg.Secrets()...)
	options := c.App
	options.Logger = logger
	a, err := app.Open(ctx, cfg, options)
	if err != nil {
		return err
	}
	err = func() error {
		for _, d := range a.Unavailable() {
			c.say(c.text("cli_source_away", msg.Args{"Text": errs.From(d.Err).Text(c.langs...)}))
		}
		door, err := listen(a, ctx, address)
		if err != nil {
			return err
		}
		if err := ready(door.URL()); err != nil {
			return closing(err, door.Close)
		}
		for _, url := range door.Others() {
			if address, admin := strings.CutPrefix(url, "admin://"); admin {
				c.say(c.text("cli_serving_admin", msg.Args{"URL": "http://" + address + "/metrics"}))
				continue
			}
			c.say(c.text("cli_serving_also", msg.Args{"URL": url}))
		}
		return door.Run(ctx)
	}()
	if e := a.Close(); err == nil {
		err = e
	}
	return err
}
