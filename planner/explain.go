package planner

import (
	"fmt"
	"strings"

	"github.com/lianji/lianji/planner/dialect"
)

// Explanation says what a plan does, for people (Text) and programs (JSON).
type Explanation struct {
	Straight bool            `json:"straight"` // rows go to the client as the source gives them
	Scans    []ExplainedScan `json:"scans"`
	Residual []string        `json:"residual,omitempty"` // DuckDB's operators, a line each, indented by depth
}

// ExplainedScan is one fragment of an Explanation.
type ExplainedScan struct {
	Source     string               `json:"source"`
	Resource   string               `json:"resource"`
	Columns    []string             `json:"columns"`
	SQL        string               `json:"sql"`
	Spool      bool                 `json:"spool,omitempty"`
	Predicates []ExplainedPredicate `json:"predicates,omitempty"`
}

// ExplainedPredicate is a predicate without its values.
type ExplainedPredicate struct {
	Column   string `json:"column"`
	Type     string `json:"type"`
	Operator string `json:"operator"`
	Values   int    `json:"values"` // how many
	Verdict  string `json:"verdict"`
	Reason   string `json:"reason,omitempty"`
}

// Explain describes the plan. Values never appear.
func (p *Plan) Explain() *Explanation {
	e := &Explanation{Straight: p.Straight}
	for _, s := range p.Scans {
		x := ExplainedScan{Source: s.Resource.Source, Resource: s.Resource.Name(), SQL: s.SQL, Spool: s.Spool}
		for _, c := range s.Columns {
			x.Columns = append(x.Columns, c.Name)
		}
		for _, j := range s.Where {
			x.Predicates = append(x.Predicates, ExplainedPredicate{
				Column: j.Column.Name, Type: j.Column.Type.DuckDB(), Operator: j.Op.String(), Values: len(j.Values), Verdict: j.Verdict.String(), Reason: j.Reason,
			})
		}
		e.Scans = append(e.Scans, x)
	}
	if !p.Straight {
		outline(p.root, 0, p.Scans, &e.Residual)
	}
	return e
}

func (p ExplainedPredicate) text() string {
	switch p.Operator {
	case dialect.IsNull.String(), dialect.NotNull.String():
		return p.Column + " " + p.Operator
	case dialect.In.String():
		return fmt.Sprintf("%s IN (%d values)", p.Column, p.Values)
	}
	return p.Column + " " + p.Operator + " ?"
}

func outline(n *node, depth int, scans []*Scan, out *[]string) {
	line := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(n.op, "LOGICAL_"), "_", " "))
	if ref, _ := n.scanOf(); ref > 0 && ref <= len(scans) {
		line = fmt.Sprintf("scan %d: %s", ref, scans[ref-1].Resource.Name())
	} else if n.op == "LOGICAL_GET" {
		line = str(n.raw, "name")
	}
	if kind := str(n.raw, "join_type"); kind != "" {
		line = strings.ToLower(kind) + " " + line
	}
	*out = append(*out, strings.Repeat("  ", depth)+line)
	for _, c := range n.children {
		outline(c, depth+1, scans, out)
	}
}

// Text writes the explanation for a terminal.
func (e *Explanation) Text() string {
	var b strings.Builder
	if e.Straight {
		b.WriteString("straight: the source's rows are the answer, DuckDB is not used\n")
	}
	for i, s := range e.Scans {
		fmt.Fprintf(&b, "scan %d: %s at source %s\n  columns: %s\n", i+1, s.Resource, s.Source, strings.Join(s.Columns, ", "))
		for _, p := range s.Predicates {
			fmt.Fprintf(&b, "  predicate: %s -> %s", p.text(), p.Verdict)
			if p.Reason != "" {
				b.WriteString(" (" + p.Reason + ")")
			}
			b.WriteString("\n")
		}
		if s.Spool {
			b.WriteString("  read into a table first: the statement may read it more than once\n")
		}
		fmt.Fprintf(&b, "  sql: %s\n", s.SQL)
	}
	if len(e.Residual) > 0 {
		b.WriteString("here, in DuckDB:\n")
		for _, l := range e.Residual {
			b.WriteString("  " + l + "\n")
		}
	}
	return b.String()
}
