package connectors

import "github.com/lianji/lianji/internal/errs"

// Warner is a Stream that may have warnings.
type Warner interface {
	// Warnings tells of the batches that were made so far, one for each column and
	// kind, with an argument Count. It may be called at any time, also while Next runs
	// and after Release.
	Warnings() []errs.Warning
}
