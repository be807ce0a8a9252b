package connectors

import "github.com/lianji/lianji/internal/msg"

// Warning tells in a message of the catalogue what of a source's rows did not come as
// it stands there. It holds no value.
type Warning struct {
	ID   string
	Args msg.Args
}

// Warner is a Stream that may have warnings.
type Warner interface {
	// Warnings gives them once Next has been false and Err nil; before that, none.
	Warnings() []Warning
}
