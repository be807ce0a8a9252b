package exec

import (
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/tokenize"
)

// tokens lets a stage's instance make the tokens that the stage gives, and no others.
// Nothing of a person's text ever runs there, and before it runs anything else it makes
// none any more.
func (r *Rows) tokens(inst *instance, list []tokenize.Of) error {
	if len(list) == 0 {
		return nil
	}
	if r.engine.o.Tokens == nil {
		return errs.Internalf("tokens without keys")
	}
	byName := map[string]duck.Appender{}
	for _, of := range list {
		t, err := r.engine.o.Tokens.Tokenizer(of)
		if err != nil { // it names the operator's files
			return errs.Wrap(errs.Internal, "internal", nil, err)
		}
		byName[of.Handle()] = t.Append
	}
	inst.db.Texts(byName)
	r.free = append(r.free, func() { inst.db.Texts(nil) })
	return nil
}
