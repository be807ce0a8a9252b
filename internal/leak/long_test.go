package leak

import (
	"maps"
	"os"
	"slices"
)

// long reports whether the long form of the tests was asked for.
func long() bool { return os.Getenv("LIANJI_LONG") != "" }

// shapes are the resources of filters, in order.
var shapes = slices.Sorted(maps.Keys(filters))
