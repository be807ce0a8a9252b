package planner

import (
	"math"
	"time"

	"github.com/lianji/lianji/internal/duck"
)

// Measured is what a run of a plan to its end took and gave.
type Measured struct {
	Answer    Counts
	Streams   []Counts        // of sources, as Plan.Explain numbers them
	Operators []duck.Operator // of the residual alone, not of stages; none when Straight
}

// Counts are what came out of one place.
type Counts struct {
	Rows   int64
	Bytes  int64         // of Arrow buffers
	Took   time.Duration // from the start to the end
	Waited time.Duration // of it, for whoever reads the rows
	Keys   *KeysSent     // of a stream that waited for keys; nil for others, and where it was not read
}

// policyGrain is the step of times that are shown beside policy: what it takes to
// pass a hidden row must not be told.
const policyGrain = 10 * time.Millisecond

// AddRun adds what a run of the explained plan measured. Nothing is said of a
// stream in which policy stands: its rows may be more than the session may see.
func (e *Explanation) AddRun(m *Measured) {
	grain := time.Duration(0)
	for i := range e.Streams {
		if e.Streams[i].hidden() {
			grain = policyGrain
		}
	}
	ms := func(d time.Duration) float64 { return milliseconds(d.Round(grain)) }
	counts := func(c Counts) ExplainedCounts {
		return ExplainedCounts{Rows: c.Rows, Bytes: c.Bytes, Milliseconds: ms(c.Took)}
	}
	for i := range e.Streams {
		if s := &e.Streams[i]; !s.hidden() && len(m.Streams) == len(e.Streams) {
			s.Ran = &ExplainedScan{ExplainedCounts: counts(m.Streams[i]), Waited: ms(m.Streams[i].Waited)}
			s.Keys.addRun(m.Streams[i].Keys, e.Streams)
		}
	}
	e.Ran = &ExplainedRun{ExplainedCounts: counts(m.Answer)}
	for _, o := range m.Operators {
		e.Ran.Operators = append(e.Ran.Operators, ExplainedOperator{Depth: o.Depth, Name: o.Name, Rows: o.Rows, Milliseconds: ms(o.Time)})
	}
}

// hidden says that policy stands in what the source is asked, or over it.
func (s *ExplainedStream) hidden() bool { return s.SQL == "" }

// milliseconds has three places: no more can be told apart.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}
