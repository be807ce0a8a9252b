package document

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
)

// anInstant is how a time is written.
const anInstant = "2027-06-30T00:00:00+08:00"

// codes lists the agencies that are there, and what stands for every one, unless they are
// very many.
func (b *differ) codes() []string {
	out := []string{catalog.AnyAgency}
	for _, a := range b.state.Agencies() {
		out = append(out, a.Code)
	}
	if len(out) > mostNamed {
		return nil
	}
	slices.Sort(out)
	return out
}

// itemsOf lists the items of a resource, unless they are very many.
func itemsOf(r *catalog.Resource) []string {
	var out []string
	for _, i := range r.Items {
		if i.Name != "" {
			out = append(out, i.Name)
		}
	}
	if len(out) > mostNamed {
		return nil
	}
	return out
}

// mostNamed is how many names an error lists.
const mostNamed = 30

// where looks at a row filter as far as that can be done without the resource's table.
func (b *differ) where(r *catalog.Resource, what, text string) error {
	if err := policy.CheckFilter(text); err != nil {
		e := errs.Wrap(errs.ConfigInvalid, "document_where", msg.Args{"What": what}, err)
		e.Pos = errs.From(err).Pos
		return e
	}
	lookups, err := policy.LookupsIn(text)
	if err != nil {
		return err
	}
	for _, l := range lookups {
		name := l.Agency + "." + l.Resource
		a, ok := b.state.AgencyNamed(l.Agency)
		if !ok || a.ID != r.Agency {
			return errs.New(errs.ConfigInvalid, "policy_lookup_other", msg.Args{"Resource": name}).At(text, l.At)
		}
		_, there := b.state.ResourceNamed(l.Agency, l.Resource)
		if _, made := b.doc.Resources[name]; !there && !made {
			return errs.New(errs.ConfigInvalid, "policy_lookup", msg.Args{"Resource": name}).At(text, l.At)
		}
	}
	return nil
}
