package resources

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/policy"
)

// Address is where resources are read.
const Address = "/v1/resources/"

// object is one of JSON.
type object map[string]any

// Describe writes, in OpenAPI 3.1, how each of some resources is read for a purpose, with
// calls in several languages. Base is where the gateway is, such as https://host:port.
// Nothing else is in it, and no source is asked.
func Describe(of []*policy.Resource, base, purpose string) ([]byte, error) {
	paths := object{}
	about := "The resources that you may read for this purpose through the interface, each item with its type. What is not granted is not here."
	if purpose == "" {
		about = "The resources that you may read without a purpose through the interface, each item with its type. No purpose was stated (purpose=CODE in the address): what is granted for one is not here."
	}
	for _, r := range of {
		paths[Address+escape(r.Name())] = object{"get": operation(r, base, purpose)}
	}
	text, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "lianji", "version": "1",
			"description": about,
		},
		"servers":  []object{{"url": base}},
		"security": []object{{"bearer": []string{}}, {"signed": []string{}}, {"certificate": []string{}}},
		"paths":    paths,
		"components": object{
			"securitySchemes": object{
				"bearer":      object{"type": "http", "scheme": "bearer"},
				"signed":      object{"type": "apiKey", "in": "header", "name": "Authorization", "description": "LIANJI-HMAC-SHA256 Key=.., Time=.., Nonce=.., Signature=.."},
				"certificate": object{"type": "mutualTLS"},
			},
			"schemas": object{"Problem": problem},
		},
	}, "", " ")
	if err != nil {
		return nil, errs.From(err)
	}
	return append(text, '\n'), nil
}

var problem = object{
	"type": "object", "required": []string{"code", "title", "status"},
	"properties": object{
		"code": text("What went wrong, for programs."), "title": text("The same for people."),
		"status": object{"type": "integer"}, "query_id": text("The query's id."),
	},
}

func text(about string) object { return object{"type": "string", "description": about} }

// escape makes a text one segment of a path or one value of a query, of letters, digits
// and -._~% alone.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// operation describes how a resource is read.
func operation(r *policy.Resource, base, purpose string) object {
	return object{
		"operationId": "read_" + r.Name(),
		"summary":     r.Name(),
		"description": r.Table.Comment,
		"parameters":  parameters(r, purpose),
		"responses": object{
			"200": object{
				"description": "A page of rows.",
				"headers": object{
					NextPageHeader: object{"description": "There may be more rows: ask again with code, purpose and this as page.", "schema": object{"type": "string"}},
				},
				"content": contents(r),
			},
			"default": object{"description": "An error.", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}},
		},
		"x-codeSamples": samples(base, r, purpose),
	}
}

// NextPageHeader names the page that follows an answer.
const NextPageHeader = "Lianji-Next-Page"

func parameters(r *policy.Resource, purpose string) []object {
	field := func(name, about string, schema object) object {
		return object{"name": name, "in": "query", "required": false, "description": about, "schema": schema}
	}
	var out []object
	if purpose != "" {
		of := field("purpose", "What the rows are for.", object{"type": "string", "const": purpose})
		of["required"] = true
		out = append(out, of)
	}
	var names, ordered []string
	for _, c := range r.Columns {
		if names = append(names, c.Name); canCompare(c.Type) {
			ordered = append(ordered, c.Name)
		}
	}
	list := func(name, about string, names []string) object {
		of := field(name, about, object{"type": "array", "items": object{"type": "string", "enum": names}})
		of["style"], of["explode"] = "form", false
		return of
	}
	out = append(out,
		list("items", "Items of the answer, with commas between them; without it all.", names),
		list("order", "Items that the rows are in order of.", ordered),
		field("rows", "Most rows of a page.", object{"type": "integer", "minimum": 1, "maximum": MostRows, "default": DefaultRows}),
		field("page", "The next page of an answer before, with the same items, order, rows and filters or with none of them.", object{"type": "string"}),
		field("format", "The form of the answer, in the place of Accept.", object{"type": "string", "enum": output.OfferedNames()}))
	for _, c := range r.Columns {
		if !canCompare(c.Type) {
			continue
		}
		for _, compare := range compareNames {
			out = append(out, field(compare+"."+c.Name, c.Name+" "+comparisons[compare], object{"type": "string", "format": c.Type.DuckDB()}))
		}
	}
	return out
}

// contents describes the forms of an answer.
func contents(r *policy.Resource) object {
	out := object{}
	for _, form := range output.Offered() {
		media, _, _ := strings.Cut(output.ContentType(form), ";")
		out[media] = object{}
	}
	var row, columns []object
	for _, c := range r.Columns {
		row = append(row, itemSchema(c))
		columns = append(columns, object{"const": object{"name": c.Name, "type": c.Type.DuckDB()}})
	}
	out["application/json"] = object{"schema": object{
		"type": "object", "required": []string{"columns", "rows", "row_count"},
		"properties": object{
			"columns":      object{"description": "The items of the answer; these are all that there are.", "type": "array", "prefixItems": columns},
			"rows":         object{"type": "array", "items": object{"type": "array", "prefixItems": row}},
			"row_count":    object{"type": "integer"},
			"truncated":    object{"type": "boolean", "description": "There may be more rows."},
			"truncated_by": text("What cut the answer."),
			"sources": object{"description": "When the agencies' sources were read.", "type": "array", "items": object{
				"type": "object", "properties": object{"agency": text("The providing agency."), "from": text("Its first read began."), "to": text("Its last one ended.")},
			}},
			"warnings":  object{"description": "Codes of what to know of the answer, each with a title.", "type": "array", "items": object{"type": "object"}},
			"next_page": text("As the header " + NextPageHeader + "."),
		},
	}}
	return out
}

// itemSchema describes an item as it stands in JSON.
func itemSchema(c catalog.Column) object {
	kind := "string"
	switch c.Type.Kind {
	case catalog.Bool:
		kind = "boolean"
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Uint8, catalog.Uint16, catalog.Uint32:
		kind = "integer"
	case catalog.Float32, catalog.Float64: // or a text, where it is no number
		return object{"title": c.Name, "description": c.Comment, "type": []string{"number", "string", "null"}, "format": c.Type.DuckDB()}
	case catalog.List, catalog.Map:
		kind = "array"
	case catalog.Struct:
		return object{"title": c.Name, "description": c.Comment, "type": []string{"object", "array", "null"}, "format": c.Type.DuckDB()}
	}
	return object{"title": c.Name, "description": c.Comment, "type": []string{kind, "null"}, "format": c.Type.DuckDB()}
}
