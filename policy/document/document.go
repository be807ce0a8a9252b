// Package document writes the catalogue and its grants as YAML: what is in a file is
// what is to be, compared with what is there.
package document

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

// Document is a file. A section that it leaves out stays as it is, and so does an
// object that it does not name; of a resource under Grants the list is all there is.
type Document struct {
	Agencies   map[string]Agency    `yaml:"agencies,omitempty"`   // by name in SQL
	Purposes   map[string]Purpose   `yaml:"purposes,omitempty"`   // by code
	Principals map[string]Principal `yaml:"principals,omitempty"` // by login
	Sources    map[string]string    `yaml:"sources,omitempty"`    // source of the configuration: agency by name in SQL
	Resources  map[string]Resource  `yaml:"resources,omitempty"`  // by agency.resource
	Grants     map[string][]Grant   `yaml:"grants,omitempty"`     // by agency.resource

	places map[string]string // where a file has its members
}

// Agency is an agency of a Document.
type Agency struct {
	Code       string `yaml:"code"`
	CreditCode string `yaml:"credit_code,omitempty"`
	Level      string `yaml:"level"`
	Parent     string `yaml:"parent,omitempty"` // name in SQL
	District   string `yaml:"district,omitempty"`
}

// Purpose is a purpose of a Document.
type Purpose struct {
	Name  string `yaml:"name"`
	Basis string `yaml:"basis"`
}

// Principal is a principal of a Document.
type Principal struct {
	Name       string            `yaml:"name,omitempty"`
	Agency     string            `yaml:"agency"` // name in SQL
	Service    bool              `yaml:"service,omitempty"`
	Roles      []string          `yaml:"roles,flow,omitempty"`
	Attributes map[string]string `yaml:"attributes,flow,omitempty"`
	Disabled   bool              `yaml:"disabled,omitempty"`
}

// Resource is a resource of a Document.
type Resource struct {
	Class  string        `yaml:"class"`
	Source string        `yaml:"source"`
	Schema string        `yaml:"schema"`
	Table  string        `yaml:"table"`
	Items  yaml.MapSlice `yaml:"items"` // column: title
}

// Grant is a grant of a Document.
type Grant struct {
	Agency    string            `yaml:"agency,omitempty"`    // name in SQL, or
	Principal string            `yaml:"principal,omitempty"` // login
	Items     map[string]string `yaml:"items"`               // item: clear, token KIND, masked MASK, or masked EXPRESSION as TYPE
	KeysTo    []string          `yaml:"keys_to,flow,omitempty"`
	Purposes  []string          `yaml:"purposes,flow"`
	Modes     []string          `yaml:"modes,flow"`
	Where     string            `yaml:"where,omitempty"`
	From      string            `yaml:"from,omitempty"`  // RFC 3339
	Until     string            `yaml:"until,omitempty"` // RFC 3339
	Hours     string            `yaml:"hours,omitempty"` // 08:00-18:00
	Quota     Quota             `yaml:"quota,flow,omitempty"`
}

// Quota is how much a day a grant opens; 0 means no limit.
type Quota struct {
	Rows    int64 `yaml:"rows,omitempty"`
	Queries int64 `yaml:"queries,omitempty"`
}

// maxDocument is the largest document, in bytes.
const maxDocument = 16 << 20

// Parse reads a document strictly: a key that is not known is an error with its place.
func Parse(file string, data []byte) (*Document, error) {
	d := &Document{}
	if len(data) > maxDocument {
		return nil, errs.New(errs.ConfigInvalid, "document_large", msg.Args{"File": file})
	}
	// The parser is others' code that gets text of a person.
	err := safego.Call(func() error { return yaml.UnmarshalWithOptions(data, d, yaml.Strict(), yaml.DisallowUnknownField()) })
	if err != nil {
		place, reason := file, "YAML"
		var broken yaml.Error
		if errors.As(err, &broken) {
			reason = broken.GetMessage()
			if t := broken.GetToken(); t != nil && t.Position != nil {
				place = placeOf(file, t.Position.Line, t.Position.Column)
			}
		}
		return nil, errs.New(errs.ConfigInvalid, "config_syntax", msg.Args{"Place": place, "Reason": reason})
	}
	d.places = placesIn(file, data)
	return d, nil
}

// Export writes what a principal sees whole of a state, as a document that Diff finds no
// difference with. Who keeps a part of the catalogue gets that part: an agency's leader
// and cataloguer its resources and what is granted of them. Its error is Forbidden for
// whoever keeps none.
func Export(s *catalog.State, p *catalog.Principal, at time.Time) ([]byte, error) {
	if !s.Keeps(p) {
		return nil, errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	d := &Document{Agencies: map[string]Agency{}, Purposes: map[string]Purpose{}, Principals: map[string]Principal{}, Sources: map[string]string{}, Resources: map[string]Resource{}, Grants: map[string][]Grant{}}
	if s.SeesAll(p) {
		for _, a := range s.Agencies() {
			d.Agencies[a.Name] = AgencyOf(s, a)
		}
		for _, p := range s.Purposes() {
			d.Purposes[p.Code] = Purpose{p.Name, p.Basis}
		}
		for _, p := range s.Principals() {
			d.Principals[p.Login] = PrincipalOf(s, p)
		}
		for _, of := range s.Sources() {
			d.Sources[of.Name] = agencyName(s, of.Agency)
		}
	}
	for _, r := range s.Resources() {
		if s.SeesResource(p, r, at) == catalog.Whole {
			d.Resources[NameOf(s, r)] = resourceOf(r)
		}
	}
	for _, g := range s.Grants() {
		r, ok := s.Resource(g.Resource)
		if !ok || s.SeesGrant(p, g, at) != catalog.Whole {
			continue
		}
		d.Grants[NameOf(s, r)] = append(d.Grants[NameOf(s, r)], grantOf(s, r, g))
	}
	return yaml.MarshalWithOptions(d, yaml.UseLiteralStyleIfMultiline(true))
}

func agencyName(s *catalog.State, id string) string {
	if a, ok := s.Agency(id); ok {
		return a.Name
	}
	return ""
}

// NameOf gives a resource's name, agency.resource.
func NameOf(s *catalog.State, r *catalog.Resource) string {
	return agencyName(s, r.Agency) + "." + r.Name
}

// ResourceNamed finds a resource by agency.resource.
func ResourceNamed(s *catalog.State, name string) (*catalog.Resource, bool) {
	of, own, _ := split(name)
	return s.ResourceNamed(of, own)
}

// Named writes a grant with the names of what it speaks of: of its resource, and the
// login of who gave it.
func Named(s *catalog.State, g *catalog.Grant) (resource string, of Grant, by string) {
	r, ok := s.Resource(g.Resource)
	if !ok {
		r = &catalog.Resource{}
	}
	if p, ok := s.Principal(g.By); ok {
		by = p.Login
	}
	return NameOf(s, r), grantOf(s, r, g), by
}

// IsMasked reports whether an item of a Grant is masked.
func IsMasked(use string) bool {
	word, _, _ := strings.Cut(use, " ")
	return catalog.Use(word) == catalog.Masked
}

// AgencyOf writes an agency as a file has it.
func AgencyOf(s *catalog.State, a *catalog.Agency) Agency {
	return Agency{a.Code, a.CreditCode, string(a.Level), agencyName(s, a.Parent), a.District}
}

// PrincipalOf writes a principal as a file has it.
func PrincipalOf(s *catalog.State, p *catalog.Principal) Principal {
	out := Principal{Name: p.Name, Agency: agencyName(s, p.Agency), Service: p.Service, Disabled: p.Disabled}
	for _, r := range p.Roles {
		out.Roles = append(out.Roles, string(r))
	}
	slices.Sort(out.Roles)
	if len(p.Attributes) > 0 {
		out.Attributes = maps.Clone(p.Attributes)
	}
	return out
}

func resourceOf(r *catalog.Resource) Resource {
	out := Resource{Class: string(r.Class), Source: r.Source, Schema: r.Table.Schema, Table: r.Table.Name}
	for _, i := range r.Items {
		if i.Name != "" {
			out.Items = append(out.Items, yaml.MapItem{Key: i.Name, Value: i.Title})
		}
	}
	return out
}

func grantOf(s *catalog.State, r *catalog.Resource, g *catalog.Grant) Grant {
	out := Grant{Items: map[string]string{}, Purposes: slices.Sorted(slices.Values(g.Purposes)), Where: g.RowFilter, From: instant(g.From), Until: instant(g.Until), Hours: hoursText(g.Hours), Quota: Quota{g.Rows, g.Queries}}
	switch g.Grantee.Kind {
	case catalog.ToAgency:
		out.Agency = agencyName(s, g.Grantee.ID)
	case catalog.ToPrincipal:
		if p, ok := s.Principal(g.Grantee.ID); ok {
			out.Principal = p.Login
		}
	}
	for _, m := range g.Modes {
		out.Modes = append(out.Modes, string(m))
	}
	slices.Sort(out.Modes)
	for _, granted := range g.Items {
		for _, i := range r.Items {
			if i.No != granted.No || i.Name == "" {
				continue
			}
			out.Items[i.Name] = useText(granted)
			if len(granted.Keys) > 0 {
				out.KeysTo = slices.Sorted(slices.Values(granted.Keys))
			}
		}
	}
	return out
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func hoursText(h catalog.Hours) string {
	if h == (catalog.Hours{}) {
		return ""
	}
	clock := func(m int) string { return twoDigits(m/60) + ":" + twoDigits(m%60) }
	return clock(h.From) + "-" + clock(h.Until)
}

func parseHours(text string) (h catalog.Hours, ok bool) {
	if text == "" {
		return h, true
	}
	from, until, found := strings.Cut(text, "-")
	if !found {
		return h, false
	}
	if h.From, ok = clockMinutes(from); !ok {
		return h, false
	}
	h.Until, ok = clockMinutes(until)
	return h, ok && h.From < h.Until // an empty part of the day would be written like the whole
}
