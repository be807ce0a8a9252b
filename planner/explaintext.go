package planner

import (
	"fmt"
	"strings"
)

// Text writes the explanation for a terminal: the tree, with the border of each
// source drawn at its left, then what each source is asked.
func (e *Explanation) Text() string {
	var b strings.Builder
	switch {
	case e.Plan == "text" && e.View == viewOwn:
		fmt.Fprintf(&b, "as written: %s\n", e.Fallback)
	case e.Plan == "text":
		fmt.Fprintf(&b, "as written, each table reference a scan of its own: %s\n", e.Fallback)
	case e.Straight:
		b.WriteString("straight: the source's rows are the answer, the gateway's DuckDB is not used\n")
	}
	for _, n := range e.Nodes {
		fmt.Fprintf(&b, "%-8s %s%s%s\n", n.border(), strings.Repeat("  ", n.Depth), n.Node, about(n.Rows))
	}
	if len(e.Rules) > 0 {
		fmt.Fprintf(&b, "rules: %s\n", strings.Join(e.Rules, ", "))
	}
	for _, s := range e.Streams {
		s.write(&b)
	}
	for _, r := range e.Resources {
		r.write(&b)
	}
	if e.Ran != nil {
		e.Ran.write(&b)
	}
	return b.String()
}

// border names the place of a node: streams by their number.
func (n ExplainedNode) border() string {
	if n.Stream > 0 {
		return fmt.Sprintf("[%d]", n.Stream)
	}
	return n.At
}

func about(rows int64) string {
	if rows < 0 {
		return ""
	}
	return fmt.Sprintf("  (about %d rows)", rows)
}

func (s ExplainedStream) write(b *strings.Builder) {
	fmt.Fprintf(b, "[%d] source %s reads %s%s\n", s.Stream, s.Source, strings.Join(s.Reads, ", "), about(s.Rows))
	if len(s.Columns) > 0 {
		fmt.Fprintf(b, "    columns: %s\n", strings.Join(s.Columns, ", "))
	}
	for _, a := range s.Asked {
		a.write(b)
	}
	if s.Keys != nil {
		s.Keys.write(b)
	}
	if s.Spool {
		b.WriteString("    read into a table first: the statement may read it more than once\n")
	}
	if s.SQL != "" {
		fmt.Fprintf(b, "    sql: %s\n", s.SQL)
	}
	if s.Values > 0 {
		fmt.Fprintf(b, "    values bound: %d\n", s.Values)
	}
	if s.Ran != nil {
		fmt.Fprintf(b, "    gave %s, %.1f ms of it waiting for the reader\n", s.Ran.text(), s.Ran.Waited)
	}
}

func (a ExplainedVerdict) write(b *strings.Builder) {
	fmt.Fprintf(b, "    %s: %s", a.Verdict, a.What)
	if a.Reason != "" {
		b.WriteString(" (" + a.Reason + ")")
	}
	b.WriteString("\n")
}

func (c ExplainedCounts) text() string {
	if c.Bytes < 0 {
		return fmt.Sprintf("%d rows", c.Rows)
	}
	return fmt.Sprintf("%d rows, %d bytes, %.1f ms", c.Rows, c.Bytes, c.Milliseconds)
}

func (r *ExplainedRun) write(b *strings.Builder) {
	fmt.Fprintf(b, "answer: %s\n", r.text())
	for _, o := range r.Operators {
		fmt.Fprintf(b, "here     %s%s: %d rows, %.1f ms\n", strings.Repeat("  ", o.Depth), o.Name, o.Rows, o.Milliseconds)
	}
}
