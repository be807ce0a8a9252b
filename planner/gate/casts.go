package gate

import (
	"encoding/json"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// CastOfParam is a cast right round a parameter.
type CastOfParam struct {
	Param string // as the parser calls it
	Type  string // a spelling of it
	Try   bool
}

// CastsOfParams gives the casts right round parameters, however they are written.
func (t *Tree) CastsOfParams() ([]CastOfParam, error) {
	var out []CastOfParam
	var failed error
	var visit func(v any)
	visit = func(v any) {
		if l, ok := v.([]any); ok {
			for _, e := range l {
				visit(e)
			}
		}
		o := asObject(v)
		if o == nil {
			return
		}
		child := sub(o, "child")
		for text(child, "type") == "OPERATOR_COALESCE" && len(list(child, "children")) == 1 { // which is what stands in it
			child = asObject(list(child, "children")[0])
		}
		if text(o, "class") == "CAST" && text(child, "class") == "PARAMETER" {
			typ, ok := spelled(sub(o, "cast_type"))
			if !ok {
				failed = errs.New(errs.NotSupported, "gate_not_supported", nil)
			}
			out = append(out, CastOfParam{Param: text(child, "identifier"), Type: typ, Try: flag(o, "try_cast")})
		}
		for _, m := range o.members {
			visit(m.value)
		}
	}
	visit(t.root)
	return out, failed
}

// spelled writes a type that passed the gate so that the parser reads it again.
func spelled(o object) (string, bool) {
	id, info := text(o, "id"), sub(o, "type_info")
	number := func(key string) string {
		n, _ := info.get(key).(json.Number)
		return n.String()
	}
	switch id {
	case "":
		return "", false
	case "NULL":
		return `"NULL"`, true
	case "DECIMAL":
		if info == nil {
			return id, true
		}
		return id + "(" + number("width") + "," + number("scale") + ")", true
	case "LIST", "ARRAY":
		of, ok := spelled(sub(info, "child_type"))
		if id == "LIST" {
			return of + "[]", ok
		}
		return of + "[" + number("size") + "]", ok
	case "STRUCT", "UNION":
		members, ok := spelledMembers(info, true)
		return id + "(" + members + ")", ok
	case "MAP": // a list of entries
		members, ok := spelledMembers(sub(sub(info, "child_type"), "type_info"), false)
		return id + "(" + members + ")", ok
	case "UNBOUND":
		return spelledName(info)
	}
	return id, info == nil
}

// spelledMembers writes members. The first one of a UNION is DuckDB's own tag.
func spelledMembers(info object, named bool) (string, bool) {
	var out []string
	for _, m := range list(info, "child_types") {
		name := text(asObject(m), "first")
		typ, ok := spelled(sub(asObject(m), "second"))
		switch {
		case !ok:
			return "", false
		case named && name == "":
			continue
		case named:
			typ = catalog.QuoteIdent(name) + " " + typ
		}
		out = append(out, typ)
	}
	return strings.Join(out, ", "), len(out) > 0
}

// spelledName writes a type that is looked up by its name.
func spelledName(info object) (string, bool) {
	var modifiers []string
	for _, v := range list(info, "user_type_modifiers") {
		switch x := asObject(v).get("value").(type) {
		case string:
			modifiers = append(modifiers, "'"+strings.ReplaceAll(x, "'", "''")+"'")
		case json.Number:
			modifiers = append(modifiers, x.String())
		default:
			return "", false
		}
	}
	name := text(info, "name")
	if len(modifiers) > 0 {
		name += "(" + strings.Join(modifiers, ", ") + ")"
	}
	return name, true
}
