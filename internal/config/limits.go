package config

import (
	"time"

	"github.com/lianji/lianji/internal/msg"
)

// Limits is the section limits: what one gateway has for all statements together, and what
// one of them may take. 0 means the gateway's own default.
type Limits struct {
	Running, Queued  Most
	QueueTimeout     time.Duration
	StatementTimeout time.Duration
	ResultRows       int64
	ResultBytes      int64
	ResultKept       time.Duration // of a statement without waiting, from when it was asked
}

// Most is how many statements there may be, of everybody, of one agency and of one
// principal.
type Most struct{ All, Agency, Principal int }

// Bounds for typing errors.
const (
	mostStatements = 100_000
	mostRows       = 1_000_000_000_000
	minResultBytes = 1 << 20
	leastKept      = time.Minute
	mostKept       = 7 * 24 * time.Hour
)

func (l *loader) readLimits(v value) error {
	return l.section(v, []string{"running", "queued", "queue_timeout", "statement_timeout", "result_rows", "result_bytes", "result_kept"}, func(e entry) (err error) {
		o := &l.cfg.Limits
		switch e.key {
		case "running":
			o.Running, err = l.most(e.value)
		case "queued":
			o.Queued, err = l.most(e.value)
		case "queue_timeout":
			o.QueueTimeout, err = l.duration(e.value)
		case "statement_timeout":
			o.StatementTimeout, err = l.duration(e.value)
		case "result_rows":
			var n int
			n, err = l.count(e.value, 1, mostRows)
			o.ResultRows = int64(n)
		case "result_bytes":
			o.ResultBytes, err = l.size(e.value, minResultBytes)
		case "result_kept":
			o.ResultKept, err = l.kept(e.value)
		}
		return err
	})
}

// kept reads how long a result is kept: nobody's data lie here for longer than a week.
func (l *loader) kept(v value) (time.Duration, error) {
	d, err := l.duration(v)
	if err == nil && (d < leastKept || d > mostKept) {
		return 0, l.fail(v.node, "config_kept_range", msg.Args{"Key": v.path, "Least": "1m", "Most": "168h"})
	}
	return d, err
}

func (l *loader) most(v value) (m Most, err error) {
	err = l.section(v, []string{"all", "agency", "principal"}, func(e entry) (err error) {
		to := map[string]*int{"all": &m.All, "agency": &m.Agency, "principal": &m.Principal}[e.key]
		*to, err = l.count(e.value, 1, mostStatements)
		return err
	})
	return m, err
}
