// Package bench holds what is measured and printed, never asserted: see `make
// microbench`, and bench/peers for `make bench`.
package bench
