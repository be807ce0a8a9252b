package document

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
)

// maskTypes are the types that an expression in the place of an item may give, by the
// names that a document has for them.
var maskTypes = map[string]catalog.Kind{
	"text": catalog.Text, "integer": catalog.Int32, "bigint": catalog.Int64, "double": catalog.Float64, "boolean": catalog.Bool, "date": catalog.Date, "timestamp": catalog.Timestamp,
}

// typeWord stands between an expression and its type.
const typeWord = " as "

// granted reads how an item is granted: clear, token KIND, masked MASK, or masked
// EXPRESSION as TYPE.
func granted(r *catalog.Resource, what, name, text string) (catalog.GrantedItem, error) {
	use, how, _ := strings.Cut(text, " ")
	how = strings.TrimSpace(how)
	i := catalog.GrantedItem{Use: catalog.Use(use)}
	switch i.Use {
	case catalog.Clear:
		if how != "" {
			return i, wrong(what, "items."+name, "clear", "token KIND", "masked MASK", "masked EXPRESSION as TYPE")
		}
	case catalog.Tokenized:
		if i.Identifier = catalog.Identifier(how); !slices.Contains(catalog.Identifiers(), i.Identifier) {
			return i, errs.New(errs.ConfigInvalid, "document_token", msg.Args{"What": what, "Item": name, "Known": identifiers()})
		}
	case catalog.Masked:
		i.Mask = how
		if slices.Contains(policy.Masks(), how) {
			return i, nil
		}
		at := strings.LastIndex(strings.ToLower(how), typeWord)
		if at < 0 {
			return i, errs.New(errs.ConfigInvalid, "document_mask", msg.Args{"What": what, "Item": name, "Known": strings.Join(policy.Masks(), ", ")})
		}
		kind, ok := maskTypes[strings.ToLower(strings.TrimSpace(how[at+len(typeWord):]))]
		i.Mask, i.Type = strings.TrimSpace(how[:at]), catalog.Type{Kind: kind}
		if !ok || policy.CheckExpression(i.Mask, r) != nil {
			return i, errs.New(errs.ConfigInvalid, "document_mask_expression", msg.Args{"What": what, "Item": name})
		}
	default:
		return i, wrong(what, "items."+name, "clear", "token KIND", "masked MASK", "masked EXPRESSION as TYPE")
	}
	return i, nil
}

// useText writes how an item is granted.
func useText(i catalog.GrantedItem) string {
	switch i.Use {
	case catalog.Tokenized:
		return string(i.Use) + " " + string(i.Identifier)
	case catalog.Masked:
		text := string(i.Use) + " " + i.Mask
		for name, kind := range maskTypes {
			if i.Type.Kind == kind {
				text += typeWord + name
			}
		}
		return text
	}
	return string(i.Use)
}

func identifiers() string {
	var out []string
	for _, i := range catalog.Identifiers() {
		out = append(out, string(i))
	}
	return strings.Join(out, ", ")
}
