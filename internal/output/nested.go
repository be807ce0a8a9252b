package output

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/internal/errs"
)

// JSONValues gives what writes the values of a column behind dst as JSON does, for forms
// in which a nested value is a text. NULL is null.
func JSONValues(a arrow.Array) (func(dst []byte, i int) []byte, error) {
	value, err := bindJSONValue(a)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, i int) []byte {
		if a.IsNull(i) {
			return append(dst, "null"...)
		}
		return value(dst, i)
	}, nil
}

// PlainText gives what writes the values of a column of scalars behind dst as a parameter
// takes them: timestamps as in JSON, all else as outside of it. It must not be asked for
// NULL.
func PlainText(a arrow.Array) (func(dst []byte, i int) []byte, error) {
	_, stamp := a.(*array.Timestamp)
	value, s := bindPlain(a, stamp)
	if s == 0 {
		return nil, errs.Internalf("no plain text of %s", a.DataType())
	}
	return value, nil
}
