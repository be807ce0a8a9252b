package catalog

import "time"

// Token lets its bearer act as a principal. The text itself is nowhere kept.
type Token struct {
	ID        string
	Principal string
	Label     string
	Purposes  []string // codes; empty means every purpose of the principal's grants
	Modes     []Mode   // empty means every mode
	Created   time.Time
	Expires   time.Time
	Revoked   time.Time // zero while it holds
}
