package postgres_test

import (
	"errors"

	"github.com/lianji/lianji/internal/errs"
)

// detail gives an error with what the operator would see of it.
func detail(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return string(e.Code) + "/" + e.ID + ": " + e.Error() + " [" + e.Detail + "]"
	}
	return err.Error()
}
