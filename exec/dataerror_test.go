package exec

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/duck"
)

// What is told of a value that did not suit is the operation and the type, whatever the
// value looks like.
func TestDataErrorsNameTheOperation(t *testing.T) {
	for message, want := range map[string]string{
		"Conversion Error: Could not convert string 'hunter2' to INT32 when casting from source column c":                            "data_error_cast INTEGER",
		"Conversion Error: Could not convert string 'x' to SECRET' to INT64\n\nLINE 1: SELECT":                                       "data_error_cast BIGINT",
		"Conversion Error: Could not convert string 'hunter2' to HUNTER2":                                                            "data_error",
		"Conversion Error: invalid date field format: \"hunter2\", expected format is (YYYY-MM-DD)":                                  "data_error_cast DATE",
		"Conversion Error: invalid timestamp field format: \"hunter2\", expected":                                                    "data_error_cast TIMESTAMP",
		"Conversion Error: Type INT32 with value 4711 can't be cast because the value is out of range for the destination type INT8": "data_error_cast TINYINT",
		"Conversion Error: Casting value \"4711.5\" to type DECIMAL(3,1) failed: value is out of range!":                             "data_error_cast DECIMAL",
		"Out of Range Error: Overflow in addition of INT32 (2147483647 + 4711)!":                                                     "data_error_overflow + INTEGER",
		"Invalid Input Error: hunter2 Overflow in addition of INT32 (1)":                                                             "data_error",
	} {
		e := dataError(&duck.Error{Kind: duck.KindData, Message: message})
		got := e.ID
		for _, name := range []string{"Sign", "Type"} {
			if v, ok := e.Args[name].(string); ok {
				got += " " + v
			}
		}
		if got != want || strings.Contains(strings.ToLower(e.Error()), "hunter2") || strings.Contains(e.Error(), "4711") {
			t.Errorf("%s: %s: %s", message, got, e)
		}
	}
}
