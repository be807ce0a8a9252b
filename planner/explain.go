package planner

import (
	"fmt"
	"strings"

	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// Explanation says what a plan does, for people (Text) and programs (JSON;
// docs/explain.md describes the members). Values of the statement never appear.
type Explanation struct {
	// View is "whole", or "own": of a statement of somebody who has grants on what it
	// reads, which shows the statement's own shape and nothing of how it is carried out.
	View string `json:"view"`
	// Plan is "tree" or "text": by the planner's tree, or as the statement was written.
	Plan     string            `json:"plan"`
	Fallback string            `json:"fallback,omitempty"` // why it is "text"
	Straight bool              `json:"straight"`           // rows go to the client as the source gives them
	Rules    []string          `json:"rules,omitempty"`    // that changed the tree, in order
	Nodes    []ExplainedNode   `json:"nodes"`
	Streams  []ExplainedStream `json:"streams"`
	// Resources stand in the place of Streams in the view "own".
	Resources []ExplainedResource `json:"resources,omitempty"`
	Ran       *ExplainedRun       `json:"ran,omitempty"` // with ANALYZE
}

// ExplainedNode is a line of the tree.
type ExplainedNode struct {
	Depth int    `json:"depth"`
	At    string `json:"at"` // "here", "policy", or "source" with Stream
	// Stream is the number of the stream that the node belongs to; 0 for none.
	Stream int    `json:"stream,omitempty"`
	Node   string `json:"node"`
	Rows   int64  `json:"rows"` // estimate; -1 when unknown
}

// ExplainedStream is what one source is asked.
type ExplainedStream struct {
	Stream  int                `json:"stream"`
	Source  string             `json:"source"`
	Reads   []string           `json:"reads"`         // resources
	Columns []string           `json:"columns"`       // empty below policy, which may read more than the session sees
	SQL     string             `json:"sql,omitempty"` // left out where policy stands in it or over it
	Values  int                `json:"values"`        // how many are bound
	Spool   bool               `json:"spool,omitempty"`
	Rows    int64              `json:"rows"` // estimate; -1 when unknown
	Asked   []ExplainedVerdict `json:"asked,omitempty"`
	Keys    *ExplainedKeys     `json:"keys,omitempty"`
	Ran     *ExplainedScan     `json:"ran,omitempty"` // with ANALYZE; left out with the SQL
}

// ExplainedVerdict is what a source was asked to take, and why it was or was not sent.
type ExplainedVerdict struct {
	What    string `json:"what"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
}

// ExplainedCounts are what a stream or the whole statement gave.
type ExplainedCounts struct {
	Rows         int64   `json:"rows"`
	Bytes        int64   `json:"bytes"` // of Arrow buffers; -1 in the view "own"
	Milliseconds float64 `json:"ms"`    // -1 in the view "own"
}

// ExplainedScan is what a stream gave.
type ExplainedScan struct {
	ExplainedCounts
	Waited float64 `json:"waited_ms"` // of ms, for what reads the stream
}

// ExplainedRun is what ANALYZE measured of the whole.
type ExplainedRun struct {
	ExplainedCounts
	Operators []ExplainedOperator `json:"operators,omitempty"` // of DuckDB, outermost first
}

// ExplainedOperator is one of DuckDB's operators.
type ExplainedOperator struct {
	Depth        int     `json:"depth"`
	Name         string  `json:"name"`
	Rows         int64   `json:"rows"`
	Milliseconds float64 `json:"ms"`
}

// The views.
const (
	viewWhole = "whole"
	viewOwn   = "own"
)

const (
	atHere   = "here"
	atPolicy = "policy"
	atSource = "source"
)

// Explain describes the plan, and of what policy puts into it that it is there.
func (p *Plan) Explain() *Explanation { return p.explain(false) }

// ExplainWhole describes the plan with what policy puts into it, for who provides the
// data.
func (p *Plan) ExplainWhole() *Explanation { return p.explain(true) }

func (p *Plan) explain(whole bool) *Explanation {
	e := &Explanation{View: viewWhole, Plan: "tree", Fallback: p.Fallback, Straight: p.Straight, Rules: unique(p.fired), Nodes: []ExplainedNode{}, Streams: []ExplainedStream{}}
	if p.tree == nil {
		e.Plan = "text"
		p.explainText(e, whole)
		return e
	}
	x := &explainer{plan: p, out: e, whole: whole}
	x.node(p.tree, 0, atHere, 0)
	return e
}

func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// explainer walks a tree in the order in which its streams were numbered.
type explainer struct {
	plan  *Plan
	out   *Explanation
	whole bool // with what stands below barriers
}

func (x *explainer) node(n ir.Node, depth int, at string, stream int) {
	line := ir.Line(n, ir.Redacted)
	switch n := n.(type) {
	case *ir.Remote:
		at, stream = atSource, len(x.out.Streams)+1
		x.stream(n, false)
	case *ir.Barrier:
		if !x.whole {
			x.add(depth, at, stream, line, -1)
			x.guarded(n.Input, depth+1, at, stream)
			return
		}
		x.add(depth, at, stream, line, estimate(n))
		if at == atHere {
			at = atPolicy
		}
		x.node(n.Input, depth+1, at, stream)
		return
	}
	rows := shownEstimate(n)
	if x.whole {
		rows = estimate(n)
	}
	x.add(depth, at, stream, line, rows)
	for _, in := range n.Inputs() {
		x.node(in, depth+1, at, stream)
	}
}

// shownEstimate guesses nothing of what comes through a barrier: a guess is made of
// the table's own size, hidden rows included.
func shownEstimate(n ir.Node) int64 {
	rows := estimate(n)
	ir.Walk(n, func(n ir.Node) {
		if _, ok := n.(*ir.Barrier); ok {
			rows = -1
		}
	})
	return rows
}

// guarded describes what stands below a barrier without saying what it is.
func (x *explainer) guarded(n ir.Node, depth int, at string, stream int) {
	line := ir.Line(n, ir.Redacted)
	switch n := n.(type) {
	case *ir.Project:
		line = "‹mask›"
	case *ir.Filter:
		line = "‹row filter›"
	case *ir.Remote:
		at, stream = atSource, len(x.out.Streams)+1
		x.stream(n, true)
	case *ir.Scan:
		line = fmt.Sprintf("scan %d %s at %s", n.Ref, n.Resource, n.Source)
	case *ir.Join:
		line = "‹row filter›"
	default:
		line = "‹policy›"
	}
	if at == atHere {
		at = atPolicy
	}
	x.add(depth, at, stream, line, -1)
	for _, in := range n.Inputs() {
		x.guarded(in, depth+1, at, stream)
	}
}

func (x *explainer) add(depth int, at string, stream int, line string, rows int64) {
	x.out.Nodes = append(x.out.Nodes, ExplainedNode{Depth: depth, At: at, Stream: stream, Node: line, Rows: rows})
}

// stream describes what a source is asked. Below a barrier that is policy's too.
func (x *explainer) stream(r *ir.Remote, below bool) {
	sources := sourceStreams(x.plan.Streams)
	s := sources[len(x.out.Streams)]
	e := ExplainedStream{Stream: len(x.out.Streams) + 1, Source: s.Source, Columns: []string{}, SQL: s.SQL, Values: len(s.Values), Rows: s.Rows, Spool: s.Spool, Keys: explainKeys(s, sources)}
	own := map[ir.ColID]bool{}
	guarded := below && !x.whole
	ir.Walk(r, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Scan:
			e.Reads = append(e.Reads, n.Resource)
			own[n.Columns[0].ID] = true
		case *ir.Barrier:
			guarded = !x.whole
		}
	})
	for _, c := range r.Output() {
		if !below || x.whole {
			e.Columns = append(e.Columns, c.Name)
		}
	}
	for _, note := range x.plan.notes() {
		if own[note.Scan] && !guarded {
			e.Asked = append(e.Asked, ExplainedVerdict{What: note.What, Verdict: note.Verdict.String(), Reason: note.Reason})
		}
	}
	if guarded {
		e.SQL, e.Values, e.Rows = "", 0, -1
	}
	x.out.Streams = append(x.out.Streams, e)
}

// sourceStreams lists the streams of sources, those below stages in their place.
func sourceStreams(streams []*Stream) []*Stream {
	var out []*Stream
	for _, s := range streams {
		if s.Stage != nil {
			out = append(out, sourceStreams(s.Stage.Streams)...)
		} else {
			out = append(out, s)
		}
	}
	return out
}

func (p *Plan) explainText(e *Explanation, whole bool) {
	asked := sourceStreams(p.Streams)
	for i, s := range p.Scans {
		x := ExplainedStream{
			Stream: i + 1, Source: s.Resource.Source, Reads: []string{s.Resource.Name()}, Columns: []string{}, SQL: s.SQL, Values: len(s.Values),
			Spool: s.Spool, Rows: s.Resource.Table.Estimate(),
		}
		for _, c := range s.Columns {
			x.Columns = append(x.Columns, c.Name)
		}
		for _, j := range s.Where {
			x.Asked = append(x.Asked, ExplainedVerdict{What: predicateText(j.Predicate), Verdict: j.Verdict.String(), Reason: j.Reason})
		}
		switch {
		case s.Resource.Guard == nil:
		case whole && len(asked) == len(p.Scans): // each reference is one stream, which has the guard in it
			x.SQL, x.Values = asked[i].SQL, len(asked[i].Values)
		default:
			x.SQL, x.Values, x.Rows = "", 0, -1
		}
		e.Streams = append(e.Streams, x)
	}
	if !p.Straight {
		outline(p.root, 0, p.Scans, e)
	}
}

func predicateText(p dialect.Predicate) string {
	switch p.Op {
	case dialect.IsNull, dialect.NotNull:
		return p.Column.Name + " " + p.Op.String()
	case dialect.In:
		return fmt.Sprintf("%s IN (%d values)", p.Column.Name, len(p.Values))
	}
	return p.Column.Name + " " + p.Op.String() + " ?"
}

func outline(n *node, depth int, scans []*Scan, e *Explanation) {
	line := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(n.op, "LOGICAL_"), "_", " "))
	at, stream := atHere, 0
	if ref, _ := n.scanOf(); ref > 0 && ref <= len(scans) {
		line = fmt.Sprintf("scan %d %s at %s", ref, scans[ref-1].Resource.Name(), scans[ref-1].Resource.Source)
		at, stream = atSource, ref
	} else if n.op == "LOGICAL_GET" {
		line = str(n.raw, "name")
	}
	if kind := str(n.raw, "join_type"); kind != "" {
		line = strings.ToLower(kind) + " " + line
	}
	e.Nodes = append(e.Nodes, ExplainedNode{Depth: depth, At: at, Stream: stream, Node: line, Rows: -1})
	for _, c := range n.children {
		outline(c, depth+1, scans, e)
	}
}
