package gate

import (
	"bytes"
	"encoding/json"
)

// Node is an object of the parse tree: a node, or a part of one. Its members have
// few names, so a list finds them sooner than a map.
type Node struct{ members []entry }

type entry struct {
	key   string
	value any
}

// object is a node or a part of a node of the parse tree; nil is none. Lists are []any,
// numbers json.Number, constants *constant.
type object = *Node

// lookup gives a member's value, and whether there is one.
func (n *Node) lookup(key string) (any, bool) {
	if n == nil {
		return nil, false
	}
	for i := range n.members {
		if n.members[i].key == key {
			return n.members[i].value, true
		}
	}
	return nil, false
}

// get gives a member's value, nil for none.
func (n *Node) get(key string) any {
	v, _ := n.lookup(key)
	return v
}

// Set changes the value of a member, or adds one.
func (n *Node) Set(key string, value any) {
	for i := range n.members {
		if n.members[i].key == key {
			n.members[i].value = value
			return
		}
	}
	n.members = append(n.members, entry{key, value})
}

// MarshalJSON implements json.Marshaler.
func (n *Node) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range n.members {
		if i > 0 {
			b.WriteByte(',')
		}
		for k, part := range []any{m.key, m.value} {
			if k > 0 {
				b.WriteByte(':')
			}
			text, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Accessors for what the walk has found to be of the right shape. A missing member
// gives the zero value.

func text(o object, key string) string {
	s, _ := o.get(key).(string)
	return s
}

func flag(o object, key string) bool {
	b, _ := o.get(key).(bool)
	return b
}

func list(o object, key string) []any {
	l, _ := o.get(key).([]any)
	return l
}

func sub(o object, key string) object {
	s, _ := o.get(key).(object)
	return s
}

func place(o object) int {
	n, ok := o.get("query_location").(json.Number)
	if !ok {
		return -1
	}
	return location(n)
}

func texts(o object, key string) []string {
	l := list(o, key)
	out := make([]string, len(l))
	for i, v := range l {
		out[i], _ = v.(string)
	}
	return out
}
