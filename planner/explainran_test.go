package planner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/duck"
)

func ranOver(hidden bool) string {
	e := &Explanation{
		Plan:  "tree",
		Nodes: []ExplainedNode{{At: "here", Node: "aggregate", Rows: -1}, {Depth: 1, At: "source", Stream: 1, Node: "remote a", Rows: 7}},
		Streams: []ExplainedStream{
			{Stream: 1, Source: "a", Reads: []string{"x.y"}, Columns: []string{"c"}, SQL: "SELECT c", Rows: 7},
			{Stream: 2, Source: "b", Reads: []string{"x.z"}, Columns: []string{}, SQL: "SELECT d", Rows: -1},
		},
	}
	if hidden {
		e.Streams[1].SQL = ""
	}
	e.AddRun(&Measured{
		Answer:    Counts{Rows: 1, Bytes: 8, Took: 123456 * time.Microsecond},
		Streams:   []Counts{{Rows: 5, Bytes: 40, Took: 14900 * time.Microsecond, Waited: 4 * time.Millisecond}, {Rows: 9, Bytes: 72, Took: time.Millisecond}},
		Operators: []duck.Operator{{Name: "UNGROUPED_AGGREGATE", Rows: 1, Time: 5 * time.Millisecond}, {Depth: 1, Name: "TABLE_SCAN", Rows: 5, Time: 26 * time.Millisecond}},
	})
	return e.Text()
}

func TestAddRun(t *testing.T) {
	want := `here     aggregate
[1]        remote a  (about 7 rows)
[1] source a reads x.y  (about 7 rows)
    columns: c
    sql: SELECT c
    gave 5 rows, 40 bytes, 14.9 ms, 4.0 ms of it waiting for the reader
[2] source b reads x.z
    sql: SELECT d
    gave 9 rows, 72 bytes, 1.0 ms, 0.0 ms of it waiting for the reader
answer: 1 rows, 8 bytes, 123.5 ms
here     UNGROUPED_AGGREGATE: 1 rows, 5.0 ms
here       TABLE_SCAN: 5 rows, 26.0 ms
`
	if d := cmp.Diff(want, ranOver(false)); d != "" {
		t.Error(d)
	}
	// Beside policy: nothing of its stream, and times in steps of 10 ms.
	want = `here     aggregate
[1]        remote a  (about 7 rows)
[1] source a reads x.y  (about 7 rows)
    columns: c
    sql: SELECT c
    gave 5 rows, 40 bytes, 10.0 ms, 0.0 ms of it waiting for the reader
[2] source b reads x.z
answer: 1 rows, 8 bytes, 120.0 ms
here     UNGROUPED_AGGREGATE: 1 rows, 10.0 ms
here       TABLE_SCAN: 5 rows, 30.0 ms
`
	if d := cmp.Diff(want, ranOver(true)); d != "" {
		t.Error(d)
	}
	// Counts that cannot be told to which stream they belong are not shown.
	e := &Explanation{Streams: []ExplainedStream{{SQL: "x"}, {SQL: "y"}}}
	e.AddRun(&Measured{Streams: []Counts{{Rows: 1}}})
	if e.Streams[0].Ran != nil || e.Streams[1].Ran != nil || e.Ran == nil {
		t.Errorf("%+v", e)
	}
}
