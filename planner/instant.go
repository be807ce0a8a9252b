package planner

import (
	"regexp"
	"strings"
	"time"
)

// instantText is an instant as DuckDB and PostgreSQL write it too: a date, a time, and hours of an offset, with minutes or without, or none.
var instantText = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$`)

// instant reads an instant, in microseconds. What has no offset is a time of the session's
// zone, where that says which one: none in an hour that is left out or comes twice.
func (p Param) instant(text string) (int64, bool) {
	m := instantText.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	clock := m[2]
	switch strings.Count(clock, ":") {
	case 0:
		clock = "00:00:00"
	case 1:
		clock += ":00"
	}
	local, err := time.Parse(time.DateTime, m[1]+" "+clock)
	if err != nil || local.Nanosecond()%1000 != 0 {
		return 0, false
	}
	if m[3] == "" {
		return inZone(local, p.zone)
	}
	offset := strings.ReplaceAll(m[3], ":", "")
	if len(offset) == len("+08") {
		offset += "00"
	}
	zone, err := time.Parse("Z0700", offset)
	if err != nil {
		return 0, false
	}
	_, seconds := zone.Zone()
	return local.UnixMicro() - int64(seconds)*1_000_000, true
}

// inZone gives the instant of a wall clock.
func inZone(local time.Time, name string) (int64, bool) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return 0, false
	}
	var found []int64
	for _, day := range []time.Duration{-24 * time.Hour, 24 * time.Hour} { // the offsets round it
		_, seconds := local.Add(day).In(zone).Zone()
		at := local.Add(-time.Duration(seconds) * time.Second)
		if _, there := at.In(zone).Zone(); there == seconds && (len(found) == 0 || found[0] != at.UnixMicro()) {
			found = append(found, at.UnixMicro())
		}
	}
	if len(found) != 1 {
		return 0, false
	}
	return found[0], true
}
