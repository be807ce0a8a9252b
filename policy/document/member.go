package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/lianji/lianji/internal/safego"
)

// MemberError is a mistake in a member of a document.
type MemberError struct {
	Path  []string // from the root: grants, 公安.人口, 0, items, xm
	Place string   // file:line:column; empty where the document is no file
	Err   error
}

func (e *MemberError) Error() string {
	if e.Place == "" {
		return e.Err.Error()
	}
	return e.Place + ": " + e.Err.Error()
}

func (e *MemberError) Unwrap() error { return e.Err }

// member says in which member of a document a mistake is. What already says it is put
// below the path.
func member(err error, path ...string) error {
	if err == nil {
		return nil
	}
	var inner *MemberError
	if errors.As(err, &inner) {
		return &MemberError{Path: append(slices.Clone(path), inner.Path...), Err: inner.Err}
	}
	return &MemberError{Path: path, Err: err}
}

// Placed gives a mistake its place in the document's file: that of the innermost member
// that stands there.
func (d *Document) Placed(err error) error {
	var m *MemberError
	if !errors.As(err, &m) {
		return err
	}
	for n := len(m.Path); n > 0; n-- {
		if place, ok := d.places[placeKey(m.Path[:n])]; ok {
			return &MemberError{m.Path, place, m.Err}
		}
	}
	return m
}

func placeKey(path []string) string { return strings.Join(path, "\x00") }

// placesIn finds where each member of a file stands. What cannot be found has no place.
func placesIn(file string, data []byte) map[string]string {
	out := map[string]string{}
	_ = safego.Call(func() error { // a text that was read once already
		f, err := parser.ParseBytes(data, 0)
		if err != nil {
			return err
		}
		for _, doc := range f.Docs {
			placeNode(file, doc.Body, nil, out)
		}
		return nil
	})
	return out
}

func placeNode(file string, n ast.Node, path []string, out map[string]string) {
	at := func(path []string, n ast.Node) {
		if t := n.GetToken(); t != nil && t.Position != nil {
			out[placeKey(path)] = placeOf(file, t.Position.Line, t.Position.Column)
		}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			placeNode(file, v, path, out)
		}
	case *ast.MappingValueNode:
		key := n.Key.String()
		if text, ok := n.Key.(*ast.StringNode); ok {
			key = text.Value
		}
		below := append(slices.Clone(path), key)
		at(below, n.Key)
		placeNode(file, n.Value, below, out)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			below := append(slices.Clone(path), fmt.Sprint(i))
			at(below, beginning(v))
			placeNode(file, v, below, out)
		}
	}
}

// beginning gives the node with which another one begins: a mapping's token is a colon.
func beginning(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return n.Values[0].Key
		}
	case *ast.MappingValueNode:
		return n.Key
	}
	return n
}

// differences says member by member what one object has otherwise than another of its
// kind: member: old -> new. What is not there is written as nothing.
func differences(old, now any) []string {
	before, after := flat(old), flat(now)
	all := map[string]bool{}
	for k := range before {
		all[k] = true
	}
	for k := range after {
		all[k] = true
	}
	var out []string
	for k := range all {
		b, a := before[k], after[k]
		switch {
		case b == a:
		case b == "":
			out = append(out, k+": "+a)
		default:
			out = append(out, strings.TrimRight(k+": "+b+" -> "+a, " "))
		}
	}
	slices.Sort(out)
	return out
}

// flat writes an object's members one by one, as a document names them; lists are one
// value.
func flat(object any) map[string]string {
	out := map[string]string{}
	if object == nil {
		return out
	}
	text, err := yaml.Marshal(object)
	if err != nil {
		return out
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return out
	}
	flatten(tree, "", out)
	return out
}

func flatten(tree any, path string, out map[string]string) {
	switch v := tree.(type) {
	case map[string]any:
		for k, of := range v {
			below := k
			if path != "" {
				below = path + "." + k
			}
			flatten(of, below, out)
		}
	case []any:
		parts := make([]string, len(v))
		for i, of := range v {
			parts[i] = fmt.Sprint(of)
		}
		out[path] = strings.Join(parts, ", ")
	case nil:
	default:
		out[path] = fmt.Sprint(v)
	}
}
