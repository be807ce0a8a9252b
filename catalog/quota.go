package catalog

// Quota is how much of a grant may be used on one day. 0 means without a limit.
type Quota struct {
	Grant   string // its ID
	Rows    int64  // of answers
	Queries int64  // statements
}

// Quota gives the grant's quota; ok is false for a grant without one.
func (g *Grant) Quota() (_ Quota, ok bool) {
	return Quota{g.ID, g.Rows, g.Queries}, g.Rows != 0 || g.Queries != 0
}

// Spent is the error of a charge to a quota that has nothing left.
type Spent struct{ Grant string }

func (e *Spent) Error() string { return "the quota of grant " + e.Grant + " is spent" }
