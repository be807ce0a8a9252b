package catalogapi

import (
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/policy/grantsql"
)

// Objects as they are sent and answered: the members of policy/document, with the name,
// and the version where there is one.

type agency struct {
	Name       string `json:"name,omitempty"`
	Code       string `json:"code"`
	CreditCode string `json:"credit_code,omitempty"`
	Level      string `json:"level"`
	Parent     string `json:"parent,omitempty"`
	District   string `json:"district,omitempty"`
	Version    int64  `json:"version,omitempty"`
}

type purpose struct {
	Code  string `json:"code,omitempty"`
	Name  string `json:"name"`
	Basis string `json:"basis"`
}

type principal struct {
	Login      string            `json:"login,omitempty"`
	Name       string            `json:"name,omitempty"`
	Agency     string            `json:"agency"`
	Service    bool              `json:"service,omitempty"`
	Roles      []string          `json:"roles,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Disabled   bool              `json:"disabled,omitempty"`
	Version    int64             `json:"version,omitempty"`
}

type source struct {
	Name   string `json:"name,omitempty"`
	Agency string `json:"agency"`
}

type resource struct {
	Name    string `json:"name,omitempty"` // agency.resource
	Class   string `json:"class,omitempty"`
	Source  string `json:"source,omitempty"`
	Schema  string `json:"schema,omitempty"`
	Table   string `json:"table,omitempty"`
	Items   []item `json:"items"`
	Version int64  `json:"version,omitempty"`
}

type item struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
}

type grant struct {
	ID        string            `json:"id,omitempty"`
	Resource  string            `json:"resource"`
	Agency    string            `json:"agency,omitempty"`
	Principal string            `json:"principal,omitempty"`
	Items     map[string]string `json:"items"`
	KeysTo    []string          `json:"keys_to,omitempty"`
	Purposes  []string          `json:"purposes"`
	Modes     []string          `json:"modes"`
	Where     string            `json:"where,omitempty"`
	From      string            `json:"from,omitempty"`
	Until     string            `json:"until,omitempty"`
	Hours     string            `json:"hours,omitempty"`
	Quota     quota             `json:"quota,omitzero"`
	GrantedBy string            `json:"granted_by,omitempty"`
	Version   int64             `json:"version,omitempty"`
}

type quota struct {
	Rows    int64 `json:"rows,omitempty"`
	Queries int64 `json:"queries,omitempty"`
}

type token struct {
	ID        string   `json:"id,omitempty"`
	Principal string   `json:"principal"`
	Label     string   `json:"label,omitempty"`
	Purposes  []string `json:"purposes,omitempty"`
	Modes     []string `json:"modes,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Resources []string `json:"resources,omitempty"`
	PerMinute int64    `json:"per_minute,omitempty"`
	Signs     string   `json:"signs,omitempty"`
	Created   string   `json:"created,omitempty"`
	Expires   string   `json:"expires"`
	Revoked   string   `json:"revoked,omitempty"`
	Token     string   `json:"token,omitempty"` // in the answer that makes it, and nowhere again
}

// sight is who looks at which state.
type sight struct {
	state *catalog.State
	by    *catalog.Principal
	at    time.Time
	on    *catalog.Resource // of grants, those on it alone; nil for all
}

// entry is an object as somebody sees it.
type entry struct {
	key     string // in addresses
	version int64  // 0 where it has none
	value   any
}

func agencyOf(s *catalog.State, a *catalog.Agency) entry {
	d := document.AgencyOf(s, a)
	return entry{a.Name, a.Version, agency{a.Name, d.Code, d.CreditCode, d.Level, d.Parent, d.District, a.Version}}
}

func purposeOf(p *catalog.Purpose) entry {
	return entry{p.Code, 0, purpose{p.Code, p.Name, p.Basis}}
}

func principalOf(s *catalog.State, p *catalog.Principal) entry {
	d := document.PrincipalOf(s, p)
	return entry{p.Login, p.Version, principal{p.Login, d.Name, d.Agency, d.Service, d.Roles, d.Attributes, d.Disabled, p.Version}}
}

func sourceOf(s *catalog.State, of *catalog.Source) entry {
	a, ok := s.Agency(of.Agency)
	if !ok {
		a = &catalog.Agency{}
	}
	return entry{of.Name, 0, source{of.Name, a.Name}}
}

// resourceOf gives a resource whole, or in outline the items that are open to somebody.
func resourceOf(v sight, r *catalog.Resource, whole bool) entry {
	name := document.NameOf(v.state, r)
	out := resource{Name: name}
	if whole {
		out.Class, out.Source, out.Schema, out.Table, out.Version = string(r.Class), r.Source, r.Table.Schema, r.Table.Name, r.Version
	}
	open := map[int]bool{}
	if !whole {
		for _, g := range v.state.Opened(v.by, v.at) {
			for _, i := range g.Items {
				open[i.No] = open[i.No] || g.Resource == r.ID
			}
		}
	}
	for _, i := range r.Items {
		if i.Name != "" && (whole || open[i.No]) {
			out.Items = append(out.Items, item{i.Name, i.Title})
		}
	}
	return entry{name, out.Version, out}
}

func grantOf(s *catalog.State, g *catalog.Grant, whole bool) entry {
	copied := *g
	copied.From, copied.Until = g.From.Truncate(time.Microsecond), g.Until.Truncate(time.Microsecond) // as the store keeps them
	name, d, by := document.Named(s, &copied)
	if !whole {
		d, by = grantsql.Outline(d), ""
	}
	return entry{g.ID, g.Version, grant{
		ID: g.ID, Resource: name, Agency: d.Agency, Principal: d.Principal, Items: d.Items, KeysTo: d.KeysTo, Purposes: d.Purposes, Modes: d.Modes, Where: d.Where,
		From: d.From, Until: d.Until, Hours: d.Hours, Quota: quota(d.Quota), GrantedBy: by, Version: g.Version,
	}}
}

// document gives the grant as a file has it.
func (g *grant) document() document.Grant {
	return document.Grant{
		Agency: g.Agency, Principal: g.Principal, Items: g.Items, KeysTo: slices.Clone(g.KeysTo), Purposes: slices.Clone(g.Purposes), Modes: slices.Clone(g.Modes),
		Where: g.Where, From: g.From, Until: g.Until, Hours: g.Hours, Quota: document.Quota(g.Quota),
	}
}

func tokenOf(s *catalog.State, k *catalog.Token) entry {
	p, ok := s.Principal(k.Principal)
	if !ok {
		p = &catalog.Principal{}
	}
	out := token{ID: k.ID, Principal: p.Login, Label: k.Label, Purposes: k.Purposes, Created: moment(k.Created), Expires: moment(k.Expires), Revoked: moment(k.Revoked)}
	for _, m := range k.Modes {
		out.Modes = append(out.Modes, string(m))
	}
	out.PerMinute, out.Signs = k.PerMinute, string(k.Signs)
	for _, id := range k.Resources {
		if r, ok := s.Resource(id); ok {
			out.Resources = append(out.Resources, document.NameOf(s, r))
		}
	}
	for _, p := range k.Addresses {
		out.Addresses = append(out.Addresses, p.String())
	}
	return entry{k.ID, 0, out}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}

// itemsOf gives items in the order in which they were sent.
func itemsOf(items []item) (out yaml.MapSlice, twice string) {
	for _, i := range items {
		if slices.ContainsFunc(out, func(before yaml.MapItem) bool { return catalog.SameName(fmt.Sprint(before.Key), i.Name) }) {
			return nil, i.Name
		}
		out = append(out, yaml.MapItem{Key: i.Name, Value: i.Title})
	}
	return out, ""
}
