package cli

import (
	"context"
	"strings"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server"
)

// target is who answers a statement: this process with a configuration, or a
// gateway at a URL.
type target struct {
	query    func(context.Context, server.Request) (*server.Answer, error)
	close    func() error
	operator bool
	secrets  []string
}

func (c *command) target(ctx context.Context, f queryFlags, sql string, p *progress) (*target, error) {
	if f.url != "" {
		return c.remote(f, p)
	}
	if !f.direct {
		return nil, usage("cli_no_catalogue", msg.Args{"File": f.config})
	}
	return c.local(ctx, f, sql, p)
}

// local answers in this process, as the operator whom the configuration makes.
func (c *command) local(ctx context.Context, f queryFlags, sql string, p *progress) (*target, error) {
	cfg, err := c.load(f.config)
	if err != nil {
		return nil, err
	}
	options := c.App
	options.Operator = true
	options.Openers = p.watch(options.Openers)
	options.Only = named(sql, cfg)
	options.Slow = func(sources []string) {
		c.say(c.text("cli_waiting", msg.Args{"Sources": strings.Join(sources, ", ")}))
	}
	a, err := app.Open(ctx, cfg, options)
	if err != nil {
		return nil, err
	}
	t := &target{close: a.Close, operator: true, secrets: cfg.Secrets()}
	session, err := a.Direct()
	if err != nil {
		return nil, closing(err, t.close)
	}
	session.Purpose = f.purpose
	t.query = func(ctx context.Context, r server.Request) (*server.Answer, error) { return a.Query(ctx, session, r) }
	return t, nil
}

// named tells of a source whether the statement has its name as a word somewhere: no
// other source's tables can be meant. Where it names none, as SHOW TABLES, all count.
func named(sql string, cfg *config.Config) func(source string) bool {
	tokens, err := sqltext.Tokens(sql)
	if err != nil {
		return nil // it will be refused anyway
	}
	found := map[string]bool{}
	for _, t := range tokens {
		word := t.Text(sql)
		switch t.Kind {
		case sqltext.Word:
		case sqltext.Quoted:
			word = strings.ReplaceAll(strings.Trim(word, `"`), `""`, `"`)
		default:
			continue
		}
		if s, ok := cfg.Source(word); ok {
			found[s.Name] = true
		}
	}
	if len(found) == 0 {
		return nil
	}
	return func(source string) bool { return found[source] }
}

func (c *command) load(file string) (*config.Config, error) {
	return config.Load(file, c.App.Kinds(), c.LookupEnv)
}
