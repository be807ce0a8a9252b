package gate

import (
	"encoding/json"
	"strings"
)

// typeIDs are the types that may be cast to or stand in a constant. The ones with
// members are checked further.
var typeIDs = set("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
	"FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "BLOB", "BIT", "BIGNUM", "UUID", "DATE", "TIME", "TIME_NS", "TIME WITH TIME ZONE",
	"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "INTERVAL",
	"LIST", "ARRAY", "STRUCT", "MAP", "UNION", "UNBOUND", "NULL")

// namedTypes are the types that DuckDB looks up by name when it binds.
var namedTypes = set("json", "enum", "decimal")

// collations are the parts of which a collation's name may consist: DuckDB's own
// and ICU's.
var collations = set(strings.Fields(`nocase noaccent nfc c posix icu_noaccent
	af am ar ar_sa as az be bg bn bo br bs ca ceb chr cs cy da de de_at dsb dz ee el en en_us eo es et fa fa_af ff fi fil fo fr fr_ca fy ga gl gu
	ha haw he he_il hi hr hsb hu hy id id_id ig is it ja ka kk kl km kn ko kok ku ky lb lij lkt ln lo lt lv mk ml mn mr ms mt my nb nb_no ne nl nn nso
	om or pa pa_in pl ps pt ro ru sa se si sk sl smn sq sr sr_ba sr_me sr_rs st sv sw ta te th tk tn to tr ug uk ur uz vi wae wo xh yi yo yue yue_cn
	zh zh_cn zh_hk zh_mo zh_sg zh_tw zu`)...)

// maxArray is how many elements a fixed-size array may have, all its levels
// together: a NULL of that type has them all.
const maxArray = 100_000

// aType checks the type of a cast.
func aType(w *walk, v any) error {
	o, ok := v.(object)
	if !ok {
		return errUnknownShape
	}
	return w.typeObject(o, 1)
}

func (w *walk) typeObject(o object, elements int) error {
	id, ok := o.get("id").(string)
	info, hasInfo := o.get("type_info").(object)
	if !ok || hasInfo && len(o.members) != 2 || !hasInfo && len(o.members) != 1 {
		return errUnknownShape
	}
	return checkType(w, id, info, elements)
}

// checkType checks a type and its members. Each member counts as a part of the
// statement. elements is the number of array elements round this type.
func checkType(w *walk, id string, info object, elements int) error {
	if !typeIDs[id] {
		return w.refuseName("gate_unknown_type", id, nil)
	}
	if info == nil {
		return known(id != "UNBOUND" && id != "STRUCT" && id != "LIST" && id != "ARRAY" && id != "MAP" && id != "UNION")
	}
	if err := w.enter(); err != nil {
		return err
	}
	defer func() { w.level-- }()
	inner := func(w *walk, v any) error {
		o, ok := v.(object)
		if !ok {
			return errUnknownShape
		}
		if err := w.count(1); err != nil {
			return err
		}
		return w.typeObject(o, elements)
	}
	common := shape{must("type", aText), must("alias", noAlias)}
	switch kind := text(info, "type"); {
	case id == "DECIMAL" && kind == "DECIMAL_TYPE_INFO":
		return w.object(info, with(common, must("width", aNumber), must("scale", aNumber)))
	case (id == "LIST" || id == "MAP") && kind == "LIST_TYPE_INFO":
		return w.object(info, with(common, must("child_type", inner)))
	case id == "ARRAY" && kind == "ARRAY_TYPE_INFO":
		n, ok := info.get("size").(json.Number)
		size, err := n.Int64()
		if !ok || err != nil || size < 1 {
			return errUnknownShape
		}
		if elements = int(min(size, maxArray+1)) * max(elements, 1); elements > maxArray {
			return w.tooComplex("gate_value_too_large", w.limits.ValueBytes)
		}
		return w.object(info, with(common, must("child_type", inner), must("size", aNumber)))
	case (id == "STRUCT" || id == "UNION") && kind == "STRUCT_TYPE_INFO":
		return w.object(info, with(common, must("child_types", listOf(pair("first", aText, "second", inner)))))
	case id == "UNBOUND" && kind == "UNBOUND_TYPE_INFO":
		return w.namedType(info)
	}
	// What remains is an alias of another type, such as GEOMETRY of BLOB.
	if alias := text(info, "alias"); alias != "" {
		return w.refuseName("gate_unknown_type", alias, nil)
	}
	return errUnknownShape
}

// noAlias: a type with an alias is another type than its id says.
func noAlias(w *walk, v any) error {
	s, ok := v.(string)
	if ok && s != "" {
		return w.refuseName("gate_unknown_type", s, nil)
	}
	return known(ok)
}

// namedType checks a type that is looked up by name: built-in ones alone.
func (w *walk) namedType(info object) error {
	name := text(info, "name")
	if !namedTypes[strings.ToLower(name)] || text(info, "catalog") != "" || text(info, "schema") != "" {
		return w.refuseName("gate_unknown_type", name, nil)
	}
	return w.object(info, shape{must("type", aText), must("alias", noAlias), must("name", aText), must("catalog", aText), must("schema", aText),
		must("user_type_modifiers", listOf(aValue))})
}
