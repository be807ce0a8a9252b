// Command gotest runs go test with the given arguments and ends with the skipped
// tests and their reasons. Its exit code is 0 only when nothing failed.
package main

import (
	"fmt"
	"os"

	"github.com/lianji/lianji/internal/gotest"
)

func main() {
	summary := gotest.NewSummary(os.Stdout)
	passed, err := gotest.Run("", nil, os.Args[1:], os.Stderr, summary.See)
	summary.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if !passed {
		os.Exit(1)
	}
}
