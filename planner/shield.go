package planner

import (
	"context"
	"slices"
	"strconv"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/planner/sqltext"
)

// DuckDB's binder lets a cast of a parameter become the parameter's own type, and so a second
// one over it, written or implied: of $1::INTEGER::VARCHAR, and of ts >= $1::DATE, nothing
// would be left but a text and a time. COALESCE(.., NULL) gives what it is given, and what
// stands over it finds no parameter: $1::INTEGER becomes COALESCE(CAST($1 AS INTEGER),
// NULL)::INTEGER. The tree and the fallback take it out again, and so do columns' names.
//
// TRY_CAST gets one NULL more, by which a name tells it from what people write.
const (
	shieldFrom  = "COALESCE("
	shieldTo    = ", NULL)"
	shieldToTry = ", NULL, NULL)"
)

// check passes a text through the gate.
func (b *binding) check(ctx context.Context, text string) (*gate.Tree, error) {
	tree, err := gate.Check(ctx, b.planner.binder, text, b.planner.limits, widths{b.snapshot})
	if errs.CodeOf(err) == errs.Timeout && ctx.Err() == nil { // the binder's own limit
		err = errs.Wrap(errs.StatementTooComplex, "bind_too_long", nil, err)
	}
	return tree, err
}

// look finds the casts right round parameters. DuckDB's tree tells them, in which every
// place of a parameter has a number of its own.
func (b *binding) look(ctx context.Context) error {
	if !b.casts() {
		return nil
	}
	var edits []edit
	for i, t := range b.tokens {
		edits = append(edits, edit{at: t.Start, length: t.End - t.Start, with: "$" + strconv.Itoa(i+1)})
	}
	text, toUser := applyEdits(b.user, edits)
	tree, err := b.check(ctx, text)
	if err != nil {
		return b.placed(err, toUser)
	}
	found, err := tree.CastsOfParams()
	if err != nil {
		return err
	}
	b.shields = map[int]gate.CastOfParam{}
	for _, c := range found {
		if i, err := strconv.Atoi(c.Param); err == nil && 0 < i && i <= len(b.tokens) {
			b.shields[b.tokens[i-1].Start] = c
		}
	}
	return nil
}

// casts reports whether the text has parameters and, in one of the three ways to write
// one, a cast.
func (b *binding) casts() bool {
	if len(b.tokens) == 0 {
		return false
	}
	tokens, err := sqltext.Tokens(b.user)
	return err != nil || slices.ContainsFunc(tokens, func(t sqltext.Token) bool {
		return t.Is(b.user, "::") || t.Is(b.user, "CAST") || t.Is(b.user, "TRY_CAST")
	})
}

// shielded writes a parameter at its place, of which with is the number in the cast to
// its type.
func (b *binding) shielded(p sqltext.Param, with string) string {
	c, ok := b.shields[p.Start]
	switch {
	case !ok:
		return with
	case !c.Try:
		return shieldFrom + "CAST(" + with + " AS " + c.Type + ")" + shieldTo
	}
	if _, typed := b.types[p.Number]; !typed {
		with = "CAST(" + with + " AS VARCHAR)" // of the text, whatever that is
	}
	return shieldFrom + with + shieldToTry
}
