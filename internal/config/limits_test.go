package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
)

func TestLimits(t *testing.T) {
	cfg, err := load(t, `
engine: {timezone: UTC}
limits:
  running: {all: 100, agency: 50, principal: 10}
  queued: {principal: 7}
  queue_timeout: 5s
  statement_timeout: 10m
  result_rows: 3000000
  result_bytes: 2GiB
  result_kept: 90m
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Limits{
		Running: config.Most{All: 100, Agency: 50, Principal: 10}, Queued: config.Most{Principal: 7},
		QueueTimeout: 5 * time.Second, StatementTimeout: 10 * time.Minute, ResultRows: 3_000_000, ResultBytes: 2 << 30, ResultKept: 90 * time.Minute,
	}
	if d := cmp.Diff(want, cfg.Limits); d != "" {
		t.Error(d)
	}
	for text, id := range map[string]string{
		"limits: {running: 5}":                      "config_not_map",
		"limits: {running: {all: 0}}":               "config_count_range",
		"limits: {running: {everybody: 5}}":         "config_unknown_key",
		"limits: {result_rows: -1}":                 "config_count_range",
		"limits: {result_bytes: 1000}":              "config_not_size",
		"limits: {statement_timeout: 0s}":           "config_not_duration",
		"limits: {result_kept: 0s}":                 "config_not_duration",
		"limits: {result_kept: 1d}":                 "config_not_duration",
		"limits: {result_kept: 24}":                 "config_not_duration",
		"limits: {result_kept: 59s}":                "config_kept_range",
		"limits: {result_kept: 169h}":               "config_kept_range",
		"limits: {running: {all: 1}, runing: {}}\n": "config_unknown_key",
	} {
		if _, err := load(t, text, nil); errs.From(err) == nil || errs.From(err).ID != id || id == "config_kept_range" && !strings.Contains(err.Error(), "limits.result_kept") {
			t.Errorf("%s: %v, want %s", text, err, id)
		}
	}
}
