package catalogapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

func invalid(id string, args msg.Args) *errs.Error { return errs.New(errs.RequestInvalid, id, args) }

// decode reads one JSON object strictly: its members are those of what it is read into,
// spelled exactly so, none comes twice and none is null, and nothing follows.
func decode(text []byte, into any) error {
	if !utf8.Valid(text) {
		return invalid("http_not_utf8", nil)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := check(d, reflect.TypeOf(into).Elem(), ""); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("catalogapi_json", nil)
	}
	if err := json.Unmarshal(text, into); err != nil {
		var of *json.UnmarshalTypeError
		if errors.As(err, &of) {
			return invalid("catalogapi_member", msg.Args{"Name": of.Field})
		}
		return invalid("catalogapi_json", nil)
	}
	return nil
}

// check reads a value and compares its members with those of a type.
func check(d *json.Decoder, t reflect.Type, at string) error {
	token, err := d.Token()
	if err != nil {
		return invalid("catalogapi_json", nil)
	}
	switch token {
	case nil:
		return invalid("catalogapi_member", msg.Args{"Name": at})
	case json.Delim('{'):
		return checkObject(d, t, at)
	case json.Delim('['):
		if t.Kind() != reflect.Slice {
			return invalid("catalogapi_member", msg.Args{"Name": at})
		}
		for d.More() {
			if err := check(d, t.Elem(), at); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return jsonError(err)
	}
	// The decoder turns half a surrogate pair into U+FFFD without a word.
	if s, ok := token.(string); ok && strings.ContainsRune(s, utf8.RuneError) {
		return invalid("http_not_utf8", nil)
	}
	return nil
}

func jsonError(err error) error {
	if err != nil {
		return invalid("catalogapi_json", nil)
	}
	return nil
}

func checkObject(d *json.Decoder, t reflect.Type, at string) error {
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
		return invalid("catalogapi_member", msg.Args{"Name": at})
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return invalid("catalogapi_json", nil)
		}
		full := strings.TrimPrefix(at+"."+name, ".")
		if seen[name] {
			return invalid("http_member_twice", msg.Args{"Name": full})
		}
		seen[name] = true
		of, known := memberType(t, name)
		if !known {
			return invalid("catalogapi_unknown_member", msg.Args{"Name": full, "Known": strings.Join(members(t), ", ")})
		}
		if err := check(d, of, full); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return jsonError(err)
}

// memberType gives the type of a member of an object; of a map every name is one.
func memberType(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for i := range t.NumField() {
		if jsonName(t.Field(i)) == name {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

// members lists the members of an object, in their order.
func members(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		out = append(out, jsonName(t.Field(i)))
	}
	return out
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
