package pgvalue

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/lianji/lianji/catalog"
)

func scaleOf(a *array.Decimal128) int {
	if t, ok := a.DataType().(*arrow.Decimal128Type); ok {
		return int(t.Scale)
	}
	return 0
}

func unsigned(v uint64) decimal128.Num { return decimal128.FromU64(v) }

// textArray writes lists as PostgreSQL writes its arrays: {1,NULL,"a b"}.
func (s Style) textArray(element catalog.Type, list *array.List, zone *time.Location) (Cell, error) {
	values := list.ListValues()
	cell, err := s.Cells(element, values, false, zone)
	if err != nil {
		return nil, err
	}
	var scratch []byte
	return func(dst []byte, i int) ([]byte, error) {
		from, to := list.ValueOffsets(i)
		dst = append(dst, '{')
		for k := from; k < to; k++ {
			if k > from {
				dst = append(dst, ',')
			}
			if values.IsNull(int(k)) {
				dst = append(dst, "NULL"...)
				continue
			}
			if scratch, err = cell(scratch[:0], int(k)); err != nil {
				return dst, err
			}
			dst = appendElement(dst, string(scratch))
		}
		return append(dst, '}'), nil
	}, nil
}

// appendElement writes an element, in quotes where it would be read otherwise.
func appendElement(dst []byte, v string) []byte {
	if v != "" && !strings.EqualFold(v, "null") && !strings.ContainsAny(v, "{},\"\\ \t\n\r\v\f") {
		return append(dst, v...)
	}
	dst = append(dst, '"')
	for i := range len(v) {
		if v[i] == '"' || v[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, v[i])
	}
	return append(dst, '"')
}

// binaryArray writes lists as arrays of one dimension, which counts from 1.
func (s Style) binaryArray(element catalog.Type, list *array.List, zone *time.Location) (Cell, error) {
	values := list.ListValues()
	cell, err := s.Cells(element, values, true, zone)
	if err != nil {
		return nil, err
	}
	oid := s.oidOf(element)
	return func(dst []byte, i int) ([]byte, error) {
		from, to := list.ValueOffsets(i)
		dimensions, nulls := uint32(1), uint32(0)
		if from == to {
			dimensions = 0
		}
		for k := from; k < to; k++ {
			if values.IsNull(int(k)) {
				nulls = 1
			}
		}
		dst = binary.BigEndian.AppendUint32(dst, dimensions)
		dst = binary.BigEndian.AppendUint32(dst, nulls)
		dst = binary.BigEndian.AppendUint32(dst, oid)
		if from == to {
			return dst, nil
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(to-from))
		dst = binary.BigEndian.AppendUint32(dst, 1)
		for k := from; k < to; k++ {
			length := len(dst)
			dst = append(dst, 0xff, 0xff, 0xff, 0xff) // NULL's
			if values.IsNull(int(k)) {
				continue
			}
			if dst, err = cell(dst, int(k)); err != nil {
				return dst, err
			}
			binary.BigEndian.PutUint32(dst[length:], uint32(len(dst)-length-4))
		}
		return dst, nil
	}, nil
}

// Items reads an array's text; nil stands for NULL. False is a text that is no array of one
// dimension.
func Items(text string) (items []*string, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, false
	}
	rest := strings.TrimLeft(text[1:len(text)-1], space)
	for rest != "" || len(items) > 0 {
		var item []byte
		quoted := strings.HasPrefix(rest, `"`)
		i := 0
		if quoted {
			i = 1
		}
		plain := 0 // bytes of item that cannot be space round it
		for ; i < len(rest) && rest[i] != '"' && (quoted || rest[i] != ','); i++ {
			switch {
			case rest[i] == '\\':
				if i++; i == len(rest) {
					return nil, false
				}
				plain = len(item) + 1
			case !quoted && (rest[i] == '{' || rest[i] == '}'):
				return nil, false
			}
			item = append(item, rest[i])
		}
		value := string(item)
		switch {
		case quoted && i >= len(rest):
			return nil, false
		case quoted:
			items = append(items, &value)
			rest = strings.TrimLeft(rest[i+1:], space)
			i = 0
		default:
			value = value[:plain] + strings.TrimRight(value[plain:], space)
			if items = append(items, &value); value == "" {
				return nil, false
			}
			if plain == 0 && strings.EqualFold(value, "null") {
				items[len(items)-1] = nil
			}
			rest = rest[i:]
		}
		if rest == "" {
			return items, true
		}
		if rest[0] != ',' {
			return nil, false
		}
		rest = strings.TrimLeft(rest[1:], space)
	}
	return items, true
}

// space is what may stand round an element.
const space = " \t\n\r\v\f"

// arrayParam reads an array of one dimension in binary, and writes its text.
func arrayParam(b []byte, element uint32) (string, bool) {
	const head, dimension = 12, 8
	if len(b) < head || binary.BigEndian.Uint32(b[8:]) != element {
		return "", false
	}
	out := []byte{'{'}
	switch binary.BigEndian.Uint32(b) {
	case 0:
		return "{}", len(b) == head
	case 1:
	default:
		return "", false
	}
	if len(b) < head+dimension {
		return "", false
	}
	count := binary.BigEndian.Uint32(b[head:])
	b = b[head+dimension:]
	for i := range count {
		if len(b) < 4 {
			return "", false
		}
		length := int32(binary.BigEndian.Uint32(b))
		if b = b[4:]; i > 0 {
			out = append(out, ',')
		}
		if length == -1 {
			out = append(out, "NULL"...)
			continue
		}
		if length < 0 || int(length) > len(b) {
			return "", false
		}
		item, ok := binaryParam(b[:length], element)
		if !ok {
			return "", false
		}
		out, b = appendElement(out, item), b[length:]
	}
	return string(append(out, '}')), len(b) == 0
}
