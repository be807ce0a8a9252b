package ir

import (
	"fmt"
	"hash/maphash"
	"strconv"

	"github.com/lianji/lianji/catalog"
)

// seed differs from run to run, so that no statement can be written of which many
// expressions have one hash.
var seed = maphash.MakeSeed()

// Hash gives a number that two expressions share when Equal says that they are the
// same. Others may share it too, so that Equal has the last word.
func Hash(e Expr) uint64 {
	h := &hasher{}
	h.SetSeed(seed)
	h.expr(e)
	return h.Sum64()
}

// hasher writes what Equal compares, or a part of it.
type hasher struct{ maphash.Hash }

// number and text are written by way of maphash, whose writes never fail.
func (h *hasher) number(n int) {
	maphash.WriteComparable(&h.Hash, n)
}

func (h *hasher) text(s string) {
	h.number(len(s))
	_, _ = h.WriteString(s)
}

func (h *hasher) flag(b bool) {
	if b {
		h.number(1)
	} else {
		h.number(0)
	}
}

// expr writes an expression: its kind, what it is besides its arguments, and these.
func (h *hasher) expr(e Expr) {
	if e == nil {
		h.number(0)
		return
	}
	h.typ(e.Type())
	switch e := e.(type) {
	case *Ref:
		h.number(1)
		h.number(int(e.ID))
	case *Const:
		h.number(2)
		h.value(e.Value)
	case *Param:
		h.number(3)
		h.number(e.Number)
	case *Cast:
		h.number(4)
		h.flag(e.Try)
	case *Func:
		h.number(5)
		h.text(e.Name)
	case *Compare:
		h.number(6)
		h.number(int(e.Op))
	case *And:
		h.number(7)
	case *Or:
		h.number(8)
	case *Not:
		h.number(9)
	case *IsNull:
		h.number(10)
		h.flag(e.Negated)
	case *In:
		h.number(11)
		h.flag(e.Negated)
	case *Coalesce:
		h.number(12)
	case *Case:
		h.number(13)
	case *Agg:
		h.number(14)
		h.text(e.Name)
		h.flag(e.Distinct)
	case *WindowCall:
		h.number(15)
		h.text(e.Name)
		h.flag(e.Distinct)
	}
	args := e.Args()
	h.number(len(args))
	for _, a := range args {
		h.expr(a)
	}
}

// typ writes what types of one hash most often differ in.
func (h *hasher) typ(t catalog.Type) {
	h.number(int(t.Kind))
	h.number(int(t.Precision)<<16 | int(t.Scale))
}

// value writes a constant's value as the text by which Equal tells it from others.
func (h *hasher) value(v catalog.Value) {
	switch x := v.V.(type) {
	case nil:
		h.number(0)
	case string:
		h.text(x)
	case int64:
		h.text(strconv.FormatInt(x, 10))
	default:
		h.text(fmt.Sprint(x))
	}
}
