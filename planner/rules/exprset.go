package rules

import "github.com/lianji/lianji/planner/ir"

// few is how many expressions are compared one by one: for so few, that is quicker
// than their hashes.
const few = 16

// exprSet is a list of expressions that is asked whether it has others. A statement
// may hold thousands of conditions, so that beyond a few they are found by hash.
type exprSet struct {
	list   []ir.Expr
	byHash map[uint64][]ir.Expr // of all of list, once it is long
}

// setOf gives a set of expressions. The list itself is never changed.
func setOf(list []ir.Expr) *exprSet {
	return &exprSet{list: list[:len(list):len(list)]}
}

func (s *exprSet) has(e ir.Expr) bool {
	if len(s.list) <= few {
		return contains(s.list, e)
	}
	if s.byHash == nil {
		s.byHash = make(map[uint64][]ir.Expr, 2*len(s.list))
		for _, x := range s.list {
			s.index(x)
		}
	}
	return contains(s.byHash[ir.Hash(e)], e)
}

func (s *exprSet) index(e ir.Expr) {
	h := ir.Hash(e)
	s.byHash[h] = append(s.byHash[h], e)
}

// add adds those of more that the set does not have. A volatile one is another each
// time.
func (s *exprSet) add(more ...ir.Expr) {
	for _, e := range more {
		if s.has(e) && !volatile(e) {
			continue
		}
		s.list = append(s.list, e)
		if s.byHash != nil {
			s.index(e)
		}
	}
}
