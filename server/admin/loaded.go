package admin

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lianji/lianji/server"
)

// loaded gives what a gateway does at the moment of being asked: it is looked at once for
// all metrics of one answer.
type loaded func(context.Context) server.Load

// Metrics of a server.Load.
var (
	running          = ofLoad("statements_running", "Statements that run.")
	waiting          = ofLoad("statements_waiting", "Statements that wait for their turn.")
	residualsRunning = ofLoad("residuals_running", "Parts of statements that are computed here.")
	residualsWaiting = ofLoad("residuals_waiting", "Such parts that wait for memory.")
	cacheHits        = ofLoad("plan_cache_hits_total", "Statements whose plan was kept.")
	cacheMisses      = ofLoad("plan_cache_misses_total", "Statements that were planned anew.")
	memoryHeld       = ofLoad("residuals_memory_held_bytes", "Bytes that DuckDB holds for parts of statements that are computed here; nothing while it does not answer.")
	memoryReserved   = ofLoad("residuals_memory_reserved_bytes", "Bytes that such parts that run may hold at most.")
	memoryLimit      = ofLoad("residuals_memory_limit_bytes", "Bytes that as many as may run at once may hold.")
	sourceTaken      = ofLoad("source_connections_taken", "Connections of a source that statements have.", "source")
	sourceWaiting    = ofLoad("source_connections_waiting", "Statements that wait for connections of a source.", "source")
	sourceLimit      = ofLoad("source_connections_limit", "Connections of a source that there may be.", "source")
)

func ofLoad(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName("lianji", "", name), help, labels, nil)
}

// Describe implements prometheus.Collector.
func (loaded) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		running, waiting, residualsRunning, residualsWaiting, cacheHits, cacheMisses,
		memoryHeld, memoryReserved, memoryLimit, sourceTaken, sourceWaiting, sourceLimit,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (load loaded) Collect(to chan<- prometheus.Metric) {
	l := load(context.Background())
	now := func(d *prometheus.Desc, n int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	total := func(d *prometheus.Desc, n int64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
	now(running, int64(l.Running))
	now(waiting, int64(l.Waiting))
	now(residualsRunning, int64(l.ResidualsRunning))
	now(residualsWaiting, int64(l.ResidualsWaiting))
	total(cacheHits, l.CacheHits)
	total(cacheMisses, l.CacheMisses)
	if l.Memory.Held >= 0 {
		now(memoryHeld, l.Memory.Held)
	}
	now(memoryReserved, l.Memory.Reserved)
	now(memoryLimit, l.Memory.Limit)
	for _, s := range l.Sources {
		now(sourceTaken, int64(s.Taken), s.Source)
		now(sourceWaiting, int64(s.Waiting), s.Source)
		now(sourceLimit, int64(s.Limit), s.Source)
	}
}
