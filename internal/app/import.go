package app

import (
	"context"
	"errors"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/document"
)

// Import makes resources of what the configuration's publish: lists for one agency, that
// of a token's bearer, who must be its cataloguer. They are unrestricted, with every
// column that can be read as an item, and opened to nobody by that. A resource that is
// there already stays as it is. It gives the changes that were made, all or none.
func (c *Catalogue) Import(ctx context.Context, token string, cfg *config.Config, o Options) ([]document.Change, error) {
	by, state, err := c.Bearer(ctx, token)
	if err != nil {
		return nil, err
	}
	agency, ok := state.Agency(by.Agency)
	if !ok || !catalog.May(by, catalog.ActResource, by.Agency) {
		return nil, errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	lines := slices.DeleteFunc(slices.Clone(cfg.Published), func(p config.Published) bool { return !catalog.SameName(p.Agency, agency.Name) })
	if len(lines) == 0 {
		return nil, errs.New(errs.ConfigInvalid, "app_import_nothing", msg.Args{"File": cfg.File, "Agency": agency.Name})
	}
	described, err := describeNow(ctx, cfg, o, func(source string) bool {
		return slices.ContainsFunc(lines, func(p config.Published) bool { return p.Source == source })
	})
	if err != nil {
		return nil, err
	}
	for _, d := range described {
		if d.Err != nil && slices.ContainsFunc(lines, func(p config.Published) bool { return p.Source == d.Source }) {
			return nil, d.Err
		}
	}
	own := *cfg
	own.Published = lines
	published, wrong, err := publish(&own, described)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		return nil, wrong[0]
	}
	d := &document.Document{Resources: map[string]document.Resource{}}
	for _, found := range published.Resources() {
		name := found.Path[len(found.Path)-1]
		if _, there := state.ResourceNamed(agency.Name, name); there {
			continue
		}
		r := document.Resource{Class: string(catalog.Unrestricted), Source: found.Source, Schema: found.Table.ID.Schema, Table: found.Table.ID.Name}
		for _, column := range found.Columns {
			title := column.Comment
			if title == "" {
				title = column.Name
			}
			r.Items = append(r.Items, yaml.MapItem{Key: column.Name, Value: title})
		}
		d.Resources[agency.Name+"."+name] = r
	}
	return c.Apply(ctx, token, d, false)
}

// describeNow opens the sources that are needed, asks what they have, and closes them.
func describeNow(ctx context.Context, cfg *config.Config, o Options, only func(source string) bool) (out []policy.Described, err error) {
	temp, err := newRunDir(cfg.Engine.Temp)
	if err != nil {
		return nil, errs.Wrap(errs.ConfigInvalid, "app_temp", msg.Args{"Path": cfg.Engine.Temp}, err)
	}
	o.Only = only
	sources, err := openNeeded(ctx, cfg, o, temp.path)
	for _, s := range sources {
		out = append(out, s.described)
		if s.open != nil {
			err = errors.Join(err, s.open.Close())
		}
	}
	return out, errors.Join(err, temp.remove())
}
