package residual_test

import (
	"math"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/plantest"
)

// The time of each statement of TPC-H as it is generated, against the original's:
// printed, not asserted, with LIANJI_LONG set. The best of several runs each, in turn.
func TestTime(t *testing.T) {
	if os.Getenv("LIANJI_LONG") == "" {
		t.Skip("takes a minute; LIANJI_LONG is not set")
	}
	const runs = 9
	w := tpchWorld(t, 0.2)
	over := 0
	for i, sql := range plantest.TPCH(t) {
		text, _, why := w.write(t, sql)
		if why != "" {
			t.Errorf("statement %d: %s", i+1, why)
			continue
		}
		original, generated := math.Inf(1), math.Inf(1)
		for range runs {
			original = min(original, seconds(t, w.original, sql))
			generated = min(generated, seconds(t, w.generated, text))
		}
		mark := ""
		if generated > 1.3*original {
			mark = "  over"
			over++
		}
		t.Logf("statement %2d: %7.2f ms, original %7.2f ms, %.2fx%s", i+1, 1000*generated, 1000*original, generated/original, mark)
	}
	t.Logf("%d over 1.3x", over)
}

// seconds is the time of the processor, which others on the machine disturb least.
func seconds(t *testing.T, r *oracle.Reference, sql string) float64 {
	start := processor(t)
	query(t, r, sql)
	return (processor(t) - start).Seconds()
}

func processor(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
