package planner

import (
	"regexp"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/policy"
)

const nearestShown = 3

// unknownTable is the answer for a name that is not there, and for one that is
// not granted: the same text. What may be named but lies at a source that is down
// has that source's error.
func unknownTable(s policy.Snapshot, path []string) *errs.Error {
	if err := policy.Unavailable(s, path); err != nil {
		return errs.From(err)
	}
	e := errs.New(errs.UnknownName, "unknown_table", msg.Args{"Name": strings.Join(path, ".")})
	var names []string
	for _, r := range s.Resources() {
		names = append(names, r.Name())
	}
	e.Nearest = gate.Nearest(strings.Join(path, "."), names, nearestShown)
	if len(e.Nearest) == 0 && len(path) == 2 {
		e.Nearest = nearestIn(s, path)
	}
	if len(e.Nearest) == 0 && len(path) == 1 { // the agency was left out
		for _, r := range s.Resources() {
			if catalog.SameName(r.Path[len(r.Path)-1], path[0]) && len(e.Nearest) < nearestShown {
				e.Nearest = append(e.Nearest, r.Name())
			}
		}
	}
	return e
}

// nearestIn gives names of two parts near to path, where a resource's own has three;
// and where none is near, the first names of the source that is named.
func nearestIn(s policy.Snapshot, path []string) []string {
	var short, beside []string
	for _, r := range s.Resources() {
		two := []string{r.Path[0], r.Path[len(r.Path)-1]}
		if found, ok := s.Resolve(two); !ok || found != r {
			continue
		}
		name := strings.Join(two, ".")
		if short = append(short, name); catalog.SameName(r.Path[0], path[0]) && len(beside) < nearestShown {
			beside = append(beside, name)
		}
	}
	if near := gate.Nearest(strings.Join(path, "."), short, nearestShown); len(near) > 0 {
		return near
	}
	return beside
}

func samePath(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !catalog.SameName(a[i], b[i]) {
			return false
		}
	}
	return true
}

// refusals are parts of DuckDB's messages that say what kind of mistake it is.
// Only the kind is told: the words are ours.
var refusals = []struct {
	part string
	code errs.Code
	id   string
}{
	{"Ambiguous reference", errs.AmbiguousName, "ambiguous_name"},
	{"must appear in the GROUP BY clause", errs.BindError, "not_grouped"},
	{"Duplicate alias", errs.AmbiguousName, "duplicate_alias"},
	{"No function matches", errs.TypeMismatch, "function_arguments"},
	{"Could not choose a best candidate function", errs.TypeMismatch, "function_arguments"},
	{"Cannot compare values", errs.TypeMismatch, "types_do_not_compare"},
	{"Cannot mix values", errs.TypeMismatch, "types_do_not_compare"},
	{"Could not convert", errs.TypeMismatch, "constant_does_not_convert"},
	{"Unimplemented type for cast", errs.TypeMismatch, "no_such_cast"},
	{"aggregates cannot contain", errs.BindError, "aggregate_misplaced"},
	{"cannot contain aggregates", errs.BindError, "aggregate_misplaced"},
	{"aggregate function calls cannot", errs.BindError, "aggregate_misplaced"},
	{"window functions are not allowed", errs.BindError, "window_misplaced"},
	{"cannot contain window functions", errs.BindError, "window_misplaced"},
	{"same number of result columns", errs.BindError, "set_operation_width"},
	{"Subquery returns", errs.BindError, "subquery_width"},
}

// explainRefusal turns the binder's refusal into ours. Near names come from what
// the statement's tables show to this session.
func (b *binding) explainRefusal(be *BindError, a *attempt) *errs.Error {
	for _, r := range refusals {
		if strings.Contains(be.Message, r.part) {
			if args := typesIn(be.Message); args != nil {
				return errs.New(r.code, r.id+"_of", args)
			}
			return errs.New(r.code, r.id, nil)
		}
	}
	switch {
	case strings.EqualFold(be.Type, "parser") || strings.EqualFold(be.Type, "syntax"):
		return errs.New(errs.SyntaxError, "syntax_error", nil)
	case be.Type == "too_complex":
		return errs.New(errs.StatementTooComplex, "plan_too_large", nil)
	case be.Subtype == "COLUMN_NOT_FOUND" || strings.Contains(be.Message, "Referenced column") || strings.Contains(be.Message, "does not have a column"):
		name := be.Name
		if name == "" {
			name = quotedName(be.Message)
		}
		// Table "r" does not have a column named "姓": the second name is the one.
		if _, rest, ok := strings.Cut(be.Message, "does not have a column named "); ok {
			name = quotedName(rest)
		}
		e := errs.New(errs.UnknownName, "unknown_column", msg.Args{"Name": name})
		var columns []string
		seen := map[string]bool{}
		for _, r := range a.refs {
			for _, c := range r.resource.Columns {
				if !seen[c.Name] {
					seen[c.Name] = true
					columns = append(columns, c.Name)
				}
			}
		}
		e.Nearest = gate.Nearest(name, columns, nearestShown)
		return e
	case strings.Contains(be.Message, "Referenced table"):
		return errs.New(errs.UnknownName, "unknown_table", msg.Args{"Name": quotedName(be.Message)})
	case strings.EqualFold(be.Type, "catalog"):
		name := be.Name
		if name == "" {
			name = quotedName(be.Message)
		}
		return errs.New(errs.UnknownName, "unknown_function", msg.Args{"Name": name})
	case strings.EqualFold(be.Type, "not_implemented") || strings.EqualFold(be.Type, "internal"):
		return errs.New(errs.NotSupported, "statement_not_supported", nil)
	}
	return errs.New(errs.BindError, "bind_error", nil)
}

// Types as the binder writes them. Those with quotes or small letters in them, such as
// an ENUM with its values, are none.
var (
	typedCall = regexp.MustCompile(`^Binder Error: (?:No function matches the given name and argument types|Could not choose a best candidate function for the function call) ['"]([^'"()]{1,60}\([A-Z0-9_, ()\[\]]{0,200}\))['"]`)
	typedPair = regexp.MustCompile(`^Binder Error: Cannot (?:compare|mix) values of type ([A-Z0-9_,()\[\]]{1,60}) and (?:type )?([A-Z0-9_,()\[\]]{1,60}) `)
)

// typesIn gives the function or operator and the types that a refusal is about; nil when
// it does not tell them, or not without values.
func typesIn(message string) msg.Args {
	plain := func(types string) string { return strings.ReplaceAll(types, "_LITERAL", "") }
	if m := typedCall.FindStringSubmatch(message); m != nil {
		return msg.Args{"Call": plain(m[1])}
	}
	if m := typedPair.FindStringSubmatch(message); m != nil {
		return msg.Args{"Left": plain(m[1]), "Right": plain(m[2])}
	}
	return nil
}

// quotedName gives the first name in double quotes of a message: the person's own word.
func quotedName(message string) string {
	_, rest, ok := strings.Cut(message, `"`)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, `"`)
	return name
}
