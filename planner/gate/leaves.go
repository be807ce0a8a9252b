package gate

// How many members a type has once it is written out: a struct in a struct in a
// list. Plans repeat types in full at every place that has them.

// builds are the functions whose result has all the members of their arguments.
var builds = set("struct_pack", "row", "map", "struct_insert", "struct_update", "struct_concat",
	"list_zip", "array_zip", "map_from_entries", "map_concat", "union_value", "histogram", "histogram_exact", "map_entries", "unnest", "unlist")

// lists are the functions that make a list of their arguments.
var lists = set("list_value", "list_pack", "array_value")

// readsType are the functions whose type stands in an argument's text.
var readsType = set("json_transform", "json_transform_strict", "from_json", "from_json_strict")

// typeOfCall gives the members of the type that a call returns.
func typeOfCall(name string, args []estimate) int64 {
	switch {
	case builds[name]:
		return saturate(1 + sumLeaves(args))
	case lists[name]:
		return saturate(1 + mixed(args))
	case readsType[name]:
		n := int64(1)
		for _, a := range args {
			if a.constant {
				n = saturate(n + a.bytes/4)
			}
		}
		return n
	case functions[name].nested || functions[name].copies > 1 || !functions[name].scalar:
		return mixed(args)
	}
	return 1
}

// typeSize gives a type's members and how many elements its fixed arrays hold.
func typeSize(t object) (leaves, elems int64) {
	leaves, elems = 1, 1
	info := sub(t, "type_info")
	if child, ok := info.get("child_type").(object); ok {
		l, n := typeSize(child)
		leaves, elems = l+1, n
	}
	for _, c := range list(info, "child_types") {
		l, n := typeSize(sub(asObject(c), "second"))
		leaves, elems = saturate(leaves+l), saturate(elems+n)
	}
	leaves = saturate(leaves + int64(len(list(info, "user_type_modifiers")))) // an ENUM's values
	if size, ok := wholeNumber(info.get("size")); ok {
		elems = saturate(elems * max(size, 1))
	}
	return leaves, elems
}

func sumLeaves(args []estimate) int64 {
	var n int64
	for _, a := range args {
		n = saturate(n + max(a.leaves, 1)*max(a.columns, 1))
	}
	return n
}

// mixed gives the members of a type into which several are brought: nested ones may
// be merged, plain ones are one.
func mixed(args []estimate) int64 {
	n := int64(0)
	for _, a := range args {
		if a.leaves > 1 {
			n = saturate(n + a.leaves)
		}
	}
	return max(n, 1)
}
