package gateway

import (
	"slices"
	"time"

	"github.com/lianji/lianji/exec"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// readTimes tells from when to when what each agency provides was read for a statement that
// was planned by began and ends now. It names agencies, not sources, and each that the
// statement names. A resource in which a row filter looks values up is of the agency whose
// filter it is, so it adds none.
func readTimes(bound *planner.Statement, began time.Time, reads []exec.Read) []server.SourceTimes {
	var out []server.SourceTimes
	note := func(agency string, from, to time.Time) {
		i := slices.IndexFunc(out, func(s server.SourceTimes) bool { return s.Agency == agency })
		if i < 0 {
			out = append(out, server.SourceTimes{Agency: agency, From: from, To: to})
			return
		}
		if from.Before(out[i].From) {
			out[i].From = from
		}
		if to.After(out[i].To) {
			out[i].To = to
		}
	}
	resources := bound.Resources()
	for _, r := range reads {
		agency := bound.Provider(r.Source)
		if i := slices.IndexFunc(resources, func(of *policy.Resource) bool { return of.Source == r.Source }); agency == "" && i >= 0 {
			agency = provider(resources[i])
		}
		note(agency, r.Began, r.Began.Add(r.Took))
	}
	var named []string
	for _, r := range resources {
		named = append(named, provider(r))
	}
	return withUnread(out, named, began, time.Now())
}

// withUnread adds those of the named agencies of which nothing had to be read, perhaps
// because a policy shows nothing of them. They look like one that was read as long as any
// other was: what comes before the first of these, preparing the rest say, is no part of it.
// Where nothing was read at all, they have the time from began to ended.
func withUnread(read []server.SourceTimes, named []string, began, ended time.Time) []server.SourceTimes {
	out := slices.Clone(read)
	if len(read) > 0 {
		began = slices.MinFunc(read, func(a, b server.SourceTimes) int { return a.From.Compare(b.From) }).From
		ended = slices.MaxFunc(read, func(a, b server.SourceTimes) int { return a.To.Compare(b.To) }).To
	}
	for _, agency := range named {
		if !slices.ContainsFunc(out, func(s server.SourceTimes) bool { return s.Agency == agency }) {
			out = append(out, server.SourceTimes{Agency: agency, From: began, To: ended})
		}
	}
	slices.SortStableFunc(out, func(a, b server.SourceTimes) int { return a.From.Compare(b.From) })
	return out
}

// provider is whose a resource is: without a catalogue, what its name begins with.
func provider(r *policy.Resource) string {
	if r.Provider != "" || len(r.Path) == 0 {
		return r.Provider
	}
	return r.Path[0]
}
