package planner

import (
	"fmt"
	"slices"
	"strings"
)

// ExplainedKeys says for which keys a stream waits: values of another stream that
// are sent to its source.
type ExplainedKeys struct {
	Stream int               `json:"stream"` // that has them
	Source string            `json:"source"` // of that stream
	Column string            `json:"column"` // of that stream
	Most   int               `json:"most"`   // with more of them none is sent
	Ran    *ExplainedKeysRan `json:"ran,omitempty"`
}

// ExplainedKeysRan says what became of it, with ANALYZE.
type ExplainedKeysRan struct {
	Sent    int    `json:"sent"`
	Without string `json:"without,omitempty"` // why all rows were asked for
}

// explainKeys describes the keys for which s waits; nil where it does not. Streams
// are those of sources, in the order of their numbers.
func explainKeys(s *Stream, streams []*Stream) *ExplainedKeys {
	if s.Keyed == nil {
		return nil
	}
	by := s.Keyed.By
	return &ExplainedKeys{
		Stream: slices.Index(streams, by) + 1, Source: by.Source,
		Column: by.part.Output()[s.Keyed.Column].Name, Most: s.Keyed.Most,
	}
}

// addRun says how many keys were sent, unless policy stands in one of the streams.
func (k *ExplainedKeys) addRun(sent *KeysSent, streams []ExplainedStream) {
	if k == nil || sent == nil || k.Stream < 1 || k.Stream > len(streams) || streams[k.Stream-1].hidden() {
		return
	}
	k.Ran = &ExplainedKeysRan{Sent: sent.Keys, Without: sent.Without}
}

func (k *ExplainedKeys) write(b *strings.Builder) {
	fmt.Fprintf(b, "    keys: distinct %s of [%d] (source %s), at most %d, sent as IN", k.Column, k.Stream, k.Source, k.Most)
	switch {
	case k.Ran == nil:
	case k.Ran.Without != "":
		fmt.Fprintf(b, "; none was sent: %s", k.Ran.Without)
	case k.Ran.Sent == 0:
		b.WriteString("; there was none, and the source was not asked")
	default:
		fmt.Fprintf(b, "; %d were sent", k.Ran.Sent)
	}
	b.WriteString("\n")
}
