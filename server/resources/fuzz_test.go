package resources

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// query writes a request as the query of an address.
func query(r Request) string {
	v := url.Values{}
	for _, f := range r.Filters {
		v.Set(f.Compare+"."+f.Item, f.Value)
	}
	for name, list := range map[string][]string{"items": r.Items, "order": r.Order} {
		if list != nil {
			v.Set(name, strings.Join(list, ","))
		}
	}
	for name, text := range map[string]string{"purpose": r.Purpose, "page": r.Page} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if !r.bare {
		v.Set("rows", strconv.Itoa(r.Rows))
	}
	return v.Encode()
}

// FuzzParse: what an address asks for means the same when it is written anew, no value of it
// is SQL, and a page named for it gives it back to whom it was named for, and to nobody else.
func FuzzParse(f *testing.F) {
	f.Add("公安.人", "purpose=DB-HC&items=id&eq.id=5&order=id&rows=7")
	pages := NewPages([]byte("a secret of sixteen bytes or more"))
	f.Fuzz(func(t *testing.T, code, text string) {
		wanted, err := Parse(code, text)
		if err != nil {
			if of := errs.CodeOf(err); of != errs.RequestInvalid && of != errs.UnknownName {
				t.Errorf("%s: %v", of, err)
			}
			return
		}
		again, err := Parse(wanted.Code, query(wanted))
		if diff := cmp.Diff(wanted, again, cmp.AllowUnexported(Request{})); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		last := code
		sameStatement(t, wanted, Place{Values: []*string{&last}})
		mine, other := server.Session{Principal: "wang"}, server.Session{Principal: "li"}
		at := Place{Values: []*string{&wanted.Code, nil}, Same: 3}
		name, err := pages.Name(mine, wanted, at)
		if err != nil {
			if errs.CodeOf(err) != errs.ResultTooLarge {
				t.Error(err)
			}
			return
		}
		asked := wanted
		asked.Page = name
		got, place, err := pages.Open(mine, asked)
		want := wanted
		want.Purpose, want.Page, want.bare = "", "", false
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Request{})) + cmp.Diff(at, place); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		if _, _, err := pages.Open(other, asked); errs.CodeOf(err) != errs.UnknownName {
			t.Errorf("another opens it: %v", err)
		}
		if asked.Page = text; asked.Page != name {
			if _, _, err := pages.Open(mine, asked); errs.CodeOf(err) != errs.UnknownName {
				t.Errorf("a page that nobody named: %v", err)
			}
		}
	})
}

// sameStatement makes the statement of a request, and that of one with other values: but for
// its parameters it is the same.
func sameStatement(t *testing.T, wanted Request, at Place) {
	t.Helper()
	of := people(func(*policy.Resource) {})
	s, err := wanted.Statement(of, at)
	var known *errs.Error
	if err != nil {
		if !errors.As(err, &known) {
			t.Error(err)
		}
		return
	}
	other := wanted
	other.Filters = slices.Clone(wanted.Filters)
	for i := range other.Filters {
		other.Filters[i].Value = "v"
	}
	v := "v"
	like, err := other.Statement(of, Place{Values: []*string{&v}})
	if err != nil || like.SQL != s.SQL || len(like.Params) != len(s.Params) {
		t.Fatalf("%v\n%s\n%s", err, s.SQL, like.SQL)
	}
	for i, f := range wanted.Filters {
		if s.Params[i].Text != f.Value {
			t.Errorf("parameter %d is %q, the filter's value %q", i+1, s.Params[i].Text, f.Value)
		}
	}
}
