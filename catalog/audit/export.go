package audit

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// Filter chooses records. Its zero value chooses all statements and acts.
type Filter struct {
	From, To  time.Time // written at From or later and before To
	Principal string
	Agency    string
	Resources []string // that touch one of them; acts touch none
	// Own makes the answer a provider's: of each statement that touches one of these
	// resources, what it did with them and nothing else.
	Own []string
}

// ExportResult counts what was exported.
type ExportResult struct {
	Records int
	Skipped int // lines that are no records: Verify says where
	// Agencies and Principals are those of whom the log has anything, in order: a filter
	// for another one has a mistake in it.
	Agencies, Principals []string
}

// subject is what starts, refusals and acts have in common, for choosing.
type subject struct {
	Principal  string  `json:"principal"`
	Agency     string  `json:"agency"`
	Returned   []Items `json:"returned"`
	Aggregated []Items `json:"aggregated"`
	Compared   []Items `json:"compared"`
	Policy     []Items `json:"policy"`
	Sent       []Sent  `json:"sent"`
}

func (s *subject) touches(resources []string) bool {
	for _, list := range [][]Items{s.Returned, s.Aggregated, s.Compared, s.Policy} {
		if slices.ContainsFunc(list, func(i Items) bool { return slices.Contains(resources, i.Resource) }) {
			return true
		}
	}
	return slices.ContainsFunc(s.Sent, func(i Sent) bool {
		return slices.Contains(resources, i.Resource) || slices.ContainsFunc(i.To, func(to Target) bool { return slices.Contains(resources, to.Resource) })
	})
}

// Export writes the folder's records to w as lines of JSON, the oldest boot first:
// as they stand, or as a provider may see them. An end goes with its start.
func Export(dir string, f Filter, w io.Writer) (ExportResult, error) {
	segments, _, err := segmentsOf(dir)
	if err != nil {
		return ExportResult{}, err
	}
	out := bufio.NewWriter(w)
	e := &exporter{filter: f, out: out, agencies: map[string]bool{}, principals: map[string]bool{}}
	boot := ""
	for _, s := range segments {
		if s.boot != boot {
			boot, e.chosen = s.boot, map[uint64]*Start{}
		}
		err := readLines(filepath.Join(dir, s.name), func(l line) error {
			r, err := parseRecord(l.bytes)
			if err != nil {
				e.result.Skipped++
				return nil
			}
			return e.record(r, l.bytes)
		})
		if err != nil {
			return e.result, err
		}
	}
	e.result.Agencies, e.result.Principals = slices.Sorted(maps.Keys(e.agencies)), slices.Sorted(maps.Keys(e.principals))
	return e.result, out.Flush()
}

type exporter struct {
	filter Filter
	out    *bufio.Writer
	result ExportResult
	chosen map[uint64]*Start // starts that were written, until their end

	agencies, principals map[string]bool
}

func (e *exporter) record(r *Record, line []byte) error {
	provider := e.filter.Own != nil
	switch r.Kind {
	case KindStart, KindRefused, KindAct:
		var s Start
		if json.Unmarshal(r.Body, &s) != nil {
			return nil
		}
		e.agencies[s.Agency], e.principals[s.Principal] = true, true
		if (r.Kind == KindAct && (provider || len(e.filter.Resources) > 0)) || !e.wants(r, &s) {
			return nil
		}
		if r.Kind == KindStart {
			e.chosen[r.Number] = &s
		}
		if provider {
			return e.write(viewOfStart(r, &s, e.filter.Own))
		}
	case KindEnd:
		var end End
		if json.Unmarshal(r.Body, &end) != nil {
			return nil
		}
		s, ok := e.chosen[end.Number]
		if !ok {
			return nil
		}
		delete(e.chosen, end.Number)
		if provider {
			return e.write(viewOfEnd(r, s, &end, e.filter.Own))
		}
	default:
		return nil
	}
	e.result.Records++
	_, err := e.out.Write(line)
	return err
}

func (e *exporter) wants(r *Record, s *Start) bool {
	f, t := e.filter, r.At()
	if !f.From.IsZero() && t.Before(f.From) || !f.To.IsZero() && !t.Before(f.To) ||
		f.Principal != "" && s.Principal != f.Principal || f.Agency != "" && s.Agency != f.Agency {
		return false
	}
	sub := subject{Returned: s.Returned, Aggregated: s.Aggregated, Compared: s.Compared, Policy: s.Policy, Sent: s.Sent}
	return (len(f.Resources) == 0 || sub.touches(f.Resources)) && (f.Own == nil || sub.touches(f.Own))
}

func (e *exporter) write(v View) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	e.result.Records++
	_, err = e.out.Write(append(b, '\n'))
	return err
}
