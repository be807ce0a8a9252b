package admin

import (
	"context"
	"testing"

	"github.com/lianji/lianji/server"
)

// Memory of which DuckDB said nothing has no line: 0, or an older value, would be wrong.
func TestSilentMemory(t *testing.T) {
	for held, lines := range map[int64]int{-1: 0, 0: 1, 5: 1} {
		m := NewMetrics(func(context.Context) server.Load { return server.Load{Memory: server.Memory{Held: held}} }, "")
		families, err := m.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, f := range families {
			if f.GetName() == "lianji_residuals_memory_held_bytes" {
				found = len(f.GetMetric())
				if got := f.GetMetric()[0].GetGauge().GetValue(); got != float64(held) {
					t.Errorf("%v bytes, want %d", got, held)
				}
			}
		}
		if found != lines {
			t.Errorf("%d held: %d lines, want %d", held, found, lines)
		}
	}
}
