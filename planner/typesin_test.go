package planner

import (
	"fmt"
	"testing"
)

// Of a refusal the operator and the types are told, and nothing that may be a value.
func TestTypesOfARefusal(t *testing.T) {
	const tail = " You might need to add explicit type casts.\n\tCandidate functions:\n\t+(TINYINT) -> TINYINT\n"
	for message, want := range map[string]string{
		"Binder Error: No function matches the given name and argument types '+(VARCHAR, INTEGER_LITERAL)'." + tail:                "map[Call:+(VARCHAR, INTEGER)]",
		"Binder Error: No function matches the given name and argument types 'length(DECIMAL(5,2)[])'." + tail:                     "map[Call:length(DECIMAL(5,2)[])]",
		"Binder Error: No function matches the given name and argument types '+(INTEGER[], ENUM('hunter2', 'x'))'." + tail:         "map[]",
		"Binder Error: Cannot mix values of type DATE and INTEGER_LITERAL in CASE expression - an explicit cast is required":       "map[Left:DATE Right:INTEGER]",
		"Binder Error: Cannot compare values of type DATE and type INTEGER_LITERAL - an explicit cast is required":                 "map[Left:DATE Right:INTEGER]",
		"Binder Error: Cannot compare values of type ENUM('hunter2') and type DATE - an explicit cast is required":                 "map[]",
		"Conversion Error: Could not convert string 'No function matches the given name and argument types '+(HUNTER2)'' to INT32": "map[]",
	} {
		if got := fmt.Sprint(typesIn(message)); got != want {
			t.Errorf("%s: %s, want %s", message, got, want)
		}
	}
	e := &BindError{Type: "Binder", Message: "Binder Error: No function matches the given name and argument types '+(VARCHAR, DATE)'." + tail}
	if got := e.detail(); got != "" {
		t.Errorf("the operator is shown %q too", got)
	}
}
