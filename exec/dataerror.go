package exec

import (
	"regexp"

	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// What of DuckDB's words about data may be told: the operation, and a type out of a list.
// Whatever else stands there may be a value.
var (
	castTo = []*regexp.Regexp{
		regexp.MustCompile(`(?s)^(?:Conversion Error: )?Could not convert string '.*' to ([A-Z0-9]+)(?:\s|$)`),
		regexp.MustCompile(`(?s)^(?:Conversion Error: )?invalid (date|time|timestamp|interval)(?: [a-z]+)? format`),
		regexp.MustCompile(`(?s)^(?:Conversion Error: )?Type [A-Z0-9]+ with value .* destination type ([A-Z0-9]+)(?:\s|$)`),
		regexp.MustCompile(`(?s)^(?:Conversion Error: )?Casting value ".*" to type (DECIMAL)\([0-9]+,[0-9]+\) failed`),
	}
	overflowIn = regexp.MustCompile(`^(?:Out of Range Error: )?Overflow in (addition|subtraction|multiplication|division|negation) of ([A-Z0-9]+) \(`)
)

// ownTypes are the names of the language for those in DuckDB's words.
var ownTypes = map[string]string{
	"BOOL": "BOOLEAN", "INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INTEGER", "INT64": "BIGINT", "INT128": "HUGEINT",
	"UINT8": "UTINYINT", "UINT16": "USMALLINT", "UINT32": "UINTEGER", "UINT64": "UBIGINT", "UINT128": "UHUGEINT",
	"FLOAT": "FLOAT", "DOUBLE": "DOUBLE", "DECIMAL": "DECIMAL", "UUID": "UUID",
	"DATE": "DATE", "TIME": "TIME", "TIMESTAMP": "TIMESTAMP", "INTERVAL": "INTERVAL",
	"date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP", "interval": "INTERVAL",
}

var signs = map[string]string{"addition": "+", "subtraction": "-", "multiplication": "*", "division": "/", "negation": "-"}

// dataError tells which part of a statement a value did not suit, without the value.
func dataError(d *duck.Error) *errs.Error {
	for _, pattern := range castTo {
		m := pattern.FindStringSubmatch(d.Message)
		if m != nil && ownTypes[m[1]] != "" {
			return errs.Wrap(errs.DataError, "data_error_cast", msg.Args{"Type": ownTypes[m[1]]}, d)
		}
	}
	if m := overflowIn.FindStringSubmatch(d.Message); m != nil && ownTypes[m[2]] != "" {
		return errs.Wrap(errs.DataError, "data_error_overflow", msg.Args{"Sign": signs[m[1]], "Type": ownTypes[m[2]]}, d)
	}
	return errs.Wrap(errs.DataError, "data_error", nil, d)
}
