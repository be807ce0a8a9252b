package exec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// maxWarnings is how many warnings an answer has at the most; one more tells how many
// are left out.
const maxWarnings = 20

// warners are the streams of a statement that may have warnings.
type warners struct {
	mu  sync.Mutex
	all []connectors.Warner
}

// note keeps a stream that was opened, if it may have warnings.
func (w *warners) note(s connectors.Stream) {
	if stream, ok := s.(connectors.Warner); ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all = append(w.all, stream)
	}
}

// warnings gathers what the streams have to say, each thing once: counts of streams
// that read the same column are added.
func (w *warners) warnings() []errs.Warning {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []errs.Warning
	at := map[string]int{}
	for _, stream := range w.all {
		for _, one := range stream.Warnings() {
			key := identity(one)
			i, known := at[key]
			if !known {
				at[key] = len(out)
				out = append(out, one)
				continue
			}
			args := maps.Clone(out[i].Args)
			args["Count"] = count(args) + count(one.Args)
			out[i].Args = args
		}
	}
	slices.SortFunc(out, func(a, b errs.Warning) int { // streams begin in any order
		return strings.Compare(identity(a), identity(b))
	})
	if more := len(out) - maxWarnings; more > 0 {
		out = append(out[:maxWarnings:maxWarnings], errs.Warning{Code: errs.MoreWarnings, ID: "exec_more_warnings", Args: msg.Args{"Count": more}})
	}
	return out
}

// identity is what a warning is about, without its count.
func identity(w errs.Warning) string {
	args := maps.Clone(w.Args)
	delete(args, "Count")
	return fmt.Sprint(w.ID, args) // prints a map in the order of its keys
}

func count(args msg.Args) int64 {
	n, _ := args["Count"].(int64)
	return n
}
