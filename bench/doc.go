// Package bench holds what is measured and printed, never asserted: see `make bench`.
package bench
