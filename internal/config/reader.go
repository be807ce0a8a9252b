package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

// reader turns YAML nodes into values of the wanted type, or into an error at
// the node's place.
type reader struct{ file string }

// value is a node with the path of keys that leads to it.
type value struct {
	node ast.Node
	path string // e.g. sources.mz.dsn
}

// entry is a key of a mapping with its value.
type entry struct {
	key   string
	at    ast.Node // the key's own place
	value value
}

func (r reader) place(n ast.Node) string {
	p := n.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", r.file, p.Line, p.Column)
}

// fail makes an error at a node; every message has a place for Place.
func (r reader) fail(n ast.Node, id string, args msg.Args) *errs.Error {
	all := msg.Args{"Place": r.place(n)}
	for k, v := range args {
		all[k] = v
	}
	return errs.New(errs.ConfigInvalid, id, all)
}

func (r reader) failValue(v value, id string) *errs.Error {
	if v.path == "" {
		v.path = r.file // the top of the file has no key
	}
	return r.fail(v.node, id, msg.Args{"Key": v.path})
}

// parse gives the top node of the file, nil for an empty one. The parser is
// others' code that gets text of a person: a panic of it becomes an error too.
func (r reader) parse(data []byte) (ast.Node, error) {
	if !utf8.Valid(data) {
		return nil, errs.New(errs.ConfigInvalid, "config_not_utf8", msg.Args{"File": r.file})
	}
	var file *ast.File
	err := safego.Call(func() (err error) {
		file, err = parser.ParseBytes(data, 0)
		return err
	})
	if err != nil {
		place, reason := r.file, "YAML"
		var broken yaml.Error
		if errors.As(err, &broken) {
			reason = broken.GetMessage()
			if t := broken.GetToken(); t != nil && t.Position != nil {
				place = fmt.Sprintf("%s:%d:%d", r.file, t.Position.Line, t.Position.Column)
			}
		}
		return nil, errs.New(errs.ConfigInvalid, "config_syntax", msg.Args{"Place": place, "Reason": reason})
	}
	var top ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if top != nil {
			return nil, r.fail(doc.Body, "config_two_documents", nil)
		}
		top = doc.Body
	}
	return top, nil
}

// entries reads a mapping whose keys are names.
func (r reader) entries(v value) ([]entry, error) {
	var pairs []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return nil, r.wrong(v, "config_not_map")
	}
	out := make([]entry, 0, len(pairs))
	for _, p := range pairs {
		key, ok := p.Key.(*ast.StringNode)
		if !ok {
			return nil, r.fail(p.Key, "config_key", nil)
		}
		path := key.Value
		if v.path != "" {
			path = v.path + "." + key.Value
		}
		if _, ok := p.Value.(*ast.NullNode); ok {
			return nil, r.fail(p.Key, "config_no_value", msg.Args{"Key": path})
		}
		out = append(out, entry{key: key.Value, at: p.Key, value: value{p.Value, path}})
	}
	return out, nil
}

// section reads a mapping with known keys; read gets each in the file's order.
func (r reader) section(v value, known []string, read func(entry) error) error {
	all, err := r.entries(v)
	if err != nil {
		return err
	}
	for _, e := range all {
		if !slices.Contains(known, e.key) {
			err := r.fail(e.at, "config_unknown_key", msg.Args{"Key": e.value.path, "Known": strings.Join(known, ", ")})
			err.Nearest = nearest(e.key, known)
			return err
		}
		if err := read(e); err != nil {
			return err
		}
	}
	return nil
}

// text reads a string on one line. Variables stand in DSNs alone, which are
// read by rawText.
func (r reader) text(v value) (string, error) {
	s, err := r.rawText(v)
	if err == nil && strings.Contains(s, "${") {
		return "", r.failValue(v, "config_variable_here")
	}
	return s, err
}

func (r reader) rawText(v value) (string, error) {
	n, ok := v.node.(*ast.StringNode)
	if !ok {
		return "", r.wrong(v, "config_not_text")
	}
	if n.Value == "" || strings.ContainsFunc(n.Value, unicode.IsControl) {
		return "", r.failValue(v, "config_not_text")
	}
	return n.Value, nil
}

func (r reader) list(v value) ([]value, error) {
	n, ok := v.node.(*ast.SequenceNode)
	if !ok {
		return nil, r.wrong(v, "config_not_list")
	}
	out := make([]value, len(n.Values))
	for i, item := range n.Values {
		out[i] = value{item, fmt.Sprintf("%s[%d]", v.path, i+1)}
	}
	return out, nil
}

// wrong says that a node has not the wanted type, or that it is of a kind of
// YAML that a configuration does without.
func (r reader) wrong(v value, id string) *errs.Error {
	switch v.node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return r.failValue(v, "config_yaml_feature")
	case *ast.NullNode:
		return r.failValue(v, "config_no_value")
	}
	return r.failValue(v, id)
}
