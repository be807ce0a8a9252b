// Package unused has a fault that staticcheck must report.
package unused

func neverCalled() {}
