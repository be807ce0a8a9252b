// Package resources reads one published resource at a time, as an interface service does:
// it turns the query of an address into a statement, an answer's last row into the name of
// the page that follows, and what somebody may read into a description of how.
package resources

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Rows of a page.
const (
	DefaultRows = 1000
	MostRows    = 10_000
)

// Request is what an address asks of one resource.
type Request struct {
	Code    string   // of the resource: agency.resource
	Items   []string // in the order of the answer; none means all that are open
	Filters []Filter
	Order   []string // items; none means the resource's key, or all items
	Rows    int      // most of the page

	Purpose string `json:"-"`
	Page    string `json:"-"` // the name of a page
	bare    bool   // the address says nothing but Code, Purpose and Page
}

// Filter keeps rows of which an item compares so with a value.
type Filter struct {
	Compare string // a key of comparisons
	Item    string
	Value   string
}

// comparisons are the names of filters, and what they are in SQL.
var comparisons = map[string]string{"eq": "=", "ge": ">=", "gt": ">", "le": "<=", "lt": "<"}

// compareNames lists the keys of comparisons in the order in which they are described.
var compareNames = []string{"eq", "ge", "gt", "le", "lt"}

func invalid(id string, args msg.Args) *errs.Error { return errs.New(errs.RequestInvalid, id, args) }

// Parse reads the query of an address. A code in it is that of the resource where the
// address itself has none.
func Parse(code, query string) (Request, error) {
	r := Request{Code: code, Rows: DefaultRows}
	values, err := r.fields(query, r.field)
	if err != nil {
		return r, err
	}
	if r.Code == "" {
		return r, invalid("resources_no_code", nil)
	}
	r.bare = r.Items == nil && r.Filters == nil && r.Order == nil && !values.Has("rows")
	return r, nil
}

// ParseDescribed reads the query of the address of a description. Without a code it is of
// every resource.
func ParseDescribed(code, query string) (Request, error) {
	r := Request{Code: code}
	_, err := r.fields(query, func(name, value string) error {
		if name != "code" && name != "purpose" {
			return invalid("resources_described_field", msg.Args{"Name": name})
		}
		if name == "code" && value == "" {
			return invalid("resources_no_code", nil)
		}
		return r.field(name, value)
	})
	return r, err
}

// fields reads a query field by field.
func (r *Request) fields(query string, read func(name, value string) error) (url.Values, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, invalid("resources_query", nil)
	}
	if text, err := url.QueryUnescape(query); err != nil || !utf8.ValidString(text) || !utf8.ValidString(r.Code) {
		return nil, invalid("http_not_utf8", nil)
	}
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names) // so that a mistake is the same one each time
	for _, name := range names {
		if len(values[name]) != 1 {
			return nil, invalid("resources_twice", msg.Args{"Name": name})
		}
		if err := read(name, values[name][0]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// field reads one field of the query.
func (r *Request) field(name, value string) error {
	switch name {
	case "format": // the door's own
	case "code":
		if r.Code != "" {
			return invalid("resources_twice", msg.Args{"Name": name})
		}
		r.Code = value
	case "purpose":
		if !catalog.IsPurposeCode(value) {
			return invalid("http_purpose", nil)
		}
		r.Purpose = value
	case "items":
		return r.list(&r.Items, name, value)
	case "order":
		return r.list(&r.Order, name, value)
	case "rows":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > MostRows || value != strconv.Itoa(n) {
			return invalid("resources_rows", msg.Args{"Most": MostRows})
		}
		r.Rows = n
	case "page":
		if value == "" {
			return noPage()
		}
		r.Page = value
	default:
		compare, item, ok := strings.Cut(name, ".")
		if _, known := comparisons[compare]; !ok || !known || item == "" {
			return invalid("resources_field", msg.Args{"Name": name})
		}
		r.Filters = append(r.Filters, Filter{compare, item, value})
	}
	return nil
}

func (r *Request) list(into *[]string, name, value string) error {
	*into = strings.Split(value, ",")
	for i, item := range *into {
		if item == "" || slices.ContainsFunc((*into)[:i], func(x string) bool { return catalog.SameName(x, item) }) {
			return invalid("resources_list", msg.Args{"Name": name})
		}
	}
	return nil
}

// Path guesses which path the code means, for the words of a refusal.
func (r Request) Path() []string {
	agency, name, _ := strings.Cut(r.Code, ".")
	return []string{agency, name}
}
