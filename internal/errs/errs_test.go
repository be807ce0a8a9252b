package errs

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/msg"
)

// Every code declared in errs.go has its row, so that no door meets an unmapped one.
func TestEveryCodeIsMapped(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "errs.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	ast.Inspect(f, func(n ast.Node) bool {
		vs, ok := n.(*ast.ValueSpec)
		if !ok || vs.Type == nil || fmt.Sprint(vs.Type) != "Code" {
			return true
		}
		for _, v := range vs.Values {
			code, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			r, ok := table[Code(code)]
			if !ok || len(r.sqlstate) != 5 || r.http < 400 || r.grpc == 0 {
				t.Errorf("code %s has no full row: %+v", code, r)
			}
		}
		return true
	})
	if seen != len(table) {
		t.Errorf("%d codes declared, %d rows", seen, len(table))
	}
}

func TestFrom(t *testing.T) {
	own := New(UnknownName, "unknown_name", nil)
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{own, UnknownName},
		{fmt.Errorf("outer: %w", own), UnknownName},
		{fmt.Errorf("x: %w", context.Canceled), Canceled},
		{context.DeadlineExceeded, Timeout},
		{errors.New("boom"), Internal},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
	e := Wrap(SourceFailed, "source_failed", msg.Args{"Source": "mz"}, errors.New("password=hunter2"))
	if strings.Contains(e.Error(), "hunter2") || !strings.Contains(e.Detail, "hunter2") {
		t.Errorf("text %q, detail %q: the cause belongs into the detail alone", e.Error(), e.Detail)
	}
}

func TestPositionCountsCharacters(t *testing.T) {
	text := "select 姓名,\n 不存在 from t"
	p := PositionIn(text, strings.Index(text, "存"))
	if p == nil || p.Line != 2 || p.Column != 3 {
		t.Errorf("got %+v, want line 2 column 3", p)
	}
	if PositionIn(text, len(text)+1) != nil || PositionIn(text, -1) != nil {
		t.Error("an offset outside of the text has no position")
	}
}
