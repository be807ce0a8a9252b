package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/document"
)

// checkCatalogue looks whether the resources of the store are at their sources, and how many
// there are.
func checkCatalogue(ctx context.Context, cfg *config.Config, described []policy.Described) (out []Finding, catalogued *int, err error) {
	if cfg.Store.IsEmpty() {
		return nil, nil, nil
	}
	c, err := OpenCatalogue(ctx, cfg)
	if err != nil {
		return []Finding{failure(errs.From(err))}, nil, nil
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	state, err := c.Load(ctx, nil)
	if err != nil {
		return []Finding{failure(errs.From(err))}, nil, nil
	}
	if err := usable(cfg, state); err != nil {
		return []Finding{failure(errs.From(err))}, nil, nil
	}
	n := len(state.Resources())
	return absent(state, described, nil), &n, nil
}

// Absent opens the sources of the resources that a document names, and tells of those
// resources whose table or columns are not there: they can be saved before their source
// has them, and open nothing until it does.
func (c *Catalogue) Absent(ctx context.Context, cfg *config.Config, o Options, d *document.Document) ([]Finding, error) {
	if len(d.Resources) == 0 {
		return nil, nil
	}
	state, err := c.Load(ctx, nil)
	if err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	for _, r := range d.Resources {
		needed[catalog.Fold(r.Source)] = true
	}
	described, err := describeNow(ctx, cfg, o, func(source string) bool { return needed[catalog.Fold(source)] })
	if err != nil {
		return nil, err
	}
	return absent(state, described, func(name string) bool {
		_, ok := d.Resources[name]
		return ok
	}), nil
}

// absent tells of resources that are not at their sources; with a nil only, of all. What a
// source that cannot be described has is not known.
func absent(state *catalog.State, described []policy.Described, only func(name string) bool) []Finding {
	var out []Finding
	for _, r := range state.Resources() {
		a, ok := state.Agency(r.Agency)
		if !ok {
			continue
		}
		name := a.Name + "." + r.Name
		if only != nil && !only(name) {
			continue
		}
		say := func(code string, args msg.Args) {
			args["Resource"], args["Source"], args["Table"] = name, r.Source, r.Table.String()
			out = append(out, Finding{Level: LevelWarning, Code: code, ID: "check_" + code, Args: args})
		}
		at := slices.IndexFunc(described, func(d policy.Described) bool { return catalog.SameName(d.Source, r.Source) })
		if at < 0 {
			say("resource_no_source", msg.Args{})
			continue
		}
		if described[at].Err != nil {
			continue
		}
		t, missing := policy.FindTable(described[at].Tables, r.Table)
		if missing != policy.NotMissing {
			say("resource_no_table", msg.Args{})
			continue
		}
		var gone []string
		for _, i := range r.Items {
			there := slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return catalog.SameName(c.Name, i.Name) && c.Type.Readable() })
			if i.Name != "" && !there {
				gone = append(gone, i.Name)
			}
		}
		if len(gone) > 0 {
			say("resource_no_item", msg.Args{"Items": strings.Join(gone, ", ")})
		}
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return strings.Compare(a.Args["Resource"].(string), b.Args["Resource"].(string))
	})
	return out
}
