package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/internal/oracle"
)

// statement is one text to run. Its tables are named source.table, the source being
// pg or my; $1 stands for the key, when there is one.
type statement struct {
	sql    string
	key    *int64
	schema *arrow.Schema // of the right answer
}

// literal gives the text with the key written into it.
func (s statement) literal() string {
	if s.key == nil {
		return s.sql
	}
	return strings.ReplaceAll(s.sql, "$1", fmt.Sprint(*s.key))
}

var tableName = regexp.MustCompile(`\b(pg|my)\.([a-z]+)\b`)

// rename writes the tables' names anew, as a pattern of regexp.
func (s statement) rename(pattern string) statement {
	s.sql = tableName.ReplaceAllString(s.sql, pattern)
	return s
}

// source names the one source of a statement that has no other.
func (s statement) source() string { return tableName.FindStringSubmatch(s.sql)[1] }

// contender is what runs statements. run reads the whole answer, gives its rows to
// use, when there is one, and says how long that took without use.
type contender interface {
	name() string
	takes(w *work) bool
	run(ctx context.Context, s statement, use feed) (took time.Duration, rows int64, err error)
}

// work is one line of the table.
type work struct {
	name  string
	kind  kind
	sql   string
	order oracle.Statement // of the reference: the text to compare with, and its order
	keys  []int64          // each is run; what is shown is the mean
	needs bounds
}

type kind int

const (
	scan    kind = iota // all rows of a table: large
	single              // a statement over one source
	point               // one row by its key
	several             // a statement over both sources
)

// bounds is what the line is to reach; 0 asks for nothing.
type bounds struct {
	attach float64 // ATTACH's time over ours, at least
	source float64 // our time over the source's own, at most
}

func (w *work) statements() []statement {
	if w.keys == nil {
		return []statement{{sql: w.sql}}
	}
	var out []statement
	for i := range w.keys {
		out = append(out, statement{sql: w.sql, key: &w.keys[i]})
	}
	return out
}

// expected asks the reference, which holds all tables as schemas pg and my.
func (w *work) expected(ctx context.Context, ref *oracle.Reference) ([]*tally, error) {
	var out []*tally
	for _, s := range w.statements() {
		if w.order.Unlimited != "" {
			s.sql = w.order.Unlimited
		}
		t := &tally{large: w.kind == scan}
		if err := ref.Read(ctx, s.literal(), func(stream oracle.Stream) error {
			_, err := feedStream(stream, t.add)
			return err
		}); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// verify runs the work once and compares the answers.
func (w *work) verify(ctx context.Context, c contender, want []*tally) error {
	_, trino := c.(*trino)
	for i, s := range w.statements() {
		s.schema = want[i].result.Schema
		got := &tally{large: w.kind == scan}
		if _, _, err := c.run(ctx, s, got.add); err != nil {
			return err
		}
		if err := want[i].differs(got, w.order.Order, trino); err != nil {
			return fmt.Errorf("a wrong answer: %w", err)
		}
	}
	return nil
}

// time runs the work once. The number of rows must be that of the right answer.
func (w *work) time(ctx context.Context, c contender, want []*tally) (time.Duration, error) {
	var total time.Duration
	statements := w.statements()
	for i, s := range statements {
		s.schema = want[i].result.Schema
		took, rows, err := c.run(ctx, s, nil)
		if err != nil {
			return 0, err
		}
		expected := want[i].rows
		if o := w.order.Order; o.Limited {
			expected = min(expected, o.Limit)
		}
		if rows != expected {
			return 0, fmt.Errorf("a wrong answer: %d rows, want %d", rows, expected)
		}
		total += took
	}
	return total / time.Duration(len(statements)), nil
}
