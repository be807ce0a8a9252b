package admin

import (
	"context"
	"io/fs"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/lianji/lianji/server"
)

// Metrics counts what a gateway does, for Prometheus. Labels are doors, codes of
// agencies, names of sources as the configuration has them, and codes of errors: nothing
// that a statement or a row says.
type Metrics struct {
	registry *prometheus.Registry

	statements, rows, bytes *prometheus.CounterVec
	seconds                 *prometheus.HistogramVec

	sourceReads, sourceRows, sourceBytes *prometheus.CounterVec
	sourceSeconds                        *prometheus.HistogramVec
}

// buckets are of times in seconds: of a look-up by key up to a statement of an hour.
var buckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600}

// done is the label code of a statement whose answer came whole.
const done = "ok"

// NewMetrics makes metrics without counts. Temp is the folder for spilling; empty for none.
func NewMetrics(load func(context.Context) server.Load, temp string) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "lianji", Name: name, Help: help}, labels)
	}
	times := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "lianji", Name: name, Help: help, Buckets: buckets}, labels)
	}
	m := &Metrics{
		registry:      prometheus.NewRegistry(),
		statements:    counter("statements_total", "Statements that came to their end, by door, agency and outcome: ok or the error's code.", "door", "agency", "code"),
		rows:          counter("rows_total", "Rows of answers.", "door", "agency"),
		bytes:         counter("bytes_total", "Bytes of answers, as Arrow has them.", "door", "agency"),
		seconds:       times("statement_seconds", "Time from a statement's arrival to its end.", "door", "agency"),
		sourceReads:   counter("source_reads_total", "Streams that were read from a source, by source and the agency that asked.", "source", "agency"),
		sourceRows:    counter("source_rows_total", "Rows that a source gave.", "source", "agency"),
		sourceBytes:   counter("source_bytes_total", "Bytes that a source gave, as Arrow has them.", "source", "agency"),
		sourceSeconds: times("source_seconds", "Time that a stream of a source took.", "source", "agency"),
	}
	m.registry.MustRegister(m.statements, m.rows, m.bytes, m.seconds, m.sourceReads, m.sourceRows, m.sourceBytes, m.sourceSeconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(loaded(load))
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "lianji", Name: "spill_bytes", Help: "Bytes in the folder for what does not fit into memory.",
	}, func() float64 { return float64(size(temp)) }))
	return m
}

// Traces adds the spans that were dropped because too many waited for the collector, and
// because it did not take them.
func (m *Metrics) Traces(lost func() (full, undelivered int64)) {
	dropped := func(reason string, of func() int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: "lianji", Name: "trace_spans_dropped_total", Help: "Spans that the collector of traces does not get.", ConstLabels: prometheus.Labels{"reason": reason},
		}, func() float64 { return float64(of()) }))
	}
	dropped("queue_full", func() int64 { full, _ := lost(); return full })
	dropped("not_delivered", func() int64 { _, undelivered := lost(); return undelivered })
}

// Ended counts a statement. It may be called by many goroutines.
func (m *Metrics) Ended(e server.Ended) {
	code := string(e.Code)
	if code == "" {
		code = done
	}
	m.statements.WithLabelValues(e.Door, e.Agency, code).Inc()
	m.rows.WithLabelValues(e.Door, e.Agency).Add(float64(e.Rows))
	m.bytes.WithLabelValues(e.Door, e.Agency).Add(float64(e.Bytes))
	m.seconds.WithLabelValues(e.Door, e.Agency).Observe(e.Took.Seconds())
	for _, r := range e.Reads {
		m.sourceReads.WithLabelValues(r.Source, e.Agency).Inc()
		m.sourceRows.WithLabelValues(r.Source, e.Agency).Add(float64(r.Rows))
		m.sourceBytes.WithLabelValues(r.Source, e.Agency).Add(float64(r.Bytes))
		m.sourceSeconds.WithLabelValues(r.Source, e.Agency).Observe(r.Took.Seconds())
	}
}

// size gives the bytes of a folder's files. What goes away meanwhile counts as nothing.
func size(folder string) (bytes int64) {
	if folder == "" {
		return 0
	}
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
