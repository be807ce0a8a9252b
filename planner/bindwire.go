package planner

import (
	"errors"

	"github.com/lianji/lianji/catalog"
)

// bindAsk is what a binder process is asked: the parse tree of a text, or its plan
// and description over stubs.
type bindAsk struct {
	SQL   string
	Tree  bool
	Plan  bool
	Stubs []stubText
}

// bindTold is the head of an answer. The text behind it is the tree, or the plan.
type bindTold struct {
	Refused *BindError
	Failed  string // nothing is known of the text: the process is of no more use
	Columns []catalog.Column
	Params  map[int]catalog.Type
}

func (t *bindTold) err() error {
	switch {
	case t.Refused != nil:
		return t.Refused
	case t.Failed != "":
		return errors.New(t.Failed)
	}
	return nil
}
