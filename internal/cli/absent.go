package cli

import (
	"context"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/document"
)

// warnAbsent says which resources of a document are not at their sources. That this
// cannot be found out takes nothing back of what was saved.
func (c *command) warnAbsent(ctx context.Context, file string, cat *app.Catalogue, d *document.Document) {
	cfg, err := c.load(file)
	var absent []app.Finding
	if err == nil {
		absent, err = cat.Absent(ctx, cfg, c.App, d)
	}
	if err != nil {
		c.say(errs.From(err).Text(c.langs...))
	}
	for _, f := range absent {
		c.say(c.text("cli_warning", map[string]any{"Code": f.Code, "Text": f.Text(c.langs...)}))
	}
}
