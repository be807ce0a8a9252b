package leak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// separable is how far from one half the chance may be that one of two answers takes
// longer than the other before somebody who asks is taken to tell them apart. With the
// samples of each form chance alone reaches it once in a hundred thousand runs: it is
// more than four times the standard deviation of the rank statistic.
const (
	separableShort = 0.10 // 400 samples each
	separableLong  = 0.03 // 5,000 samples each
)

// pairs of statements of which the first names what is not granted and the second what
// is not there.
func unknownAndDenied(source string) map[string][2]string {
	return map[string][2]string{
		"a table of another purpose": {"SELECT id FROM 公安.稽查" + source, "SELECT id FROM 公安.稽察" + source},
		"a column":                   {"SELECT mm FROM 公安.等于" + source, "SELECT mn FROM 公安.等于" + source},
		"a column in WHERE":          {"SELECT id FROM 公安.等于" + source + " WHERE xz = 1", "SELECT id FROM 公安.等于" + source + " WHERE xy = 1"},
	}
}

// clock asks two statements in turn over one connection and gives how long each
// answer took, in the order in which they were asked.
type clock struct {
	w      *world
	client http.Client
}

func newClock(t *testing.T, w *world) *clock {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &clock{w, http.Client{Transport: transport}}
}

func (c *clock) took(ctx context.Context, sql string) (time.Duration, string, error) {
	r, err := c.w.request(ctx, c.w.token, sql, "DB-HC", "application/json")
	if err != nil {
		return 0, "", err
	}
	began := time.Now()
	res, err := c.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(res.Body)
	took := time.Since(began)
	return took, fmt.Sprint(res.StatusCode, ownWords.ReplaceAllString(string(text), "")), errors.Join(err, res.Body.Close())
}

// sampled gives so many times of each of a pair, asked in a random order.
func (c *clock) sampled(t *testing.T, pair [2]string, count int) (times [2][]time.Duration) {
	t.Helper()
	coin := rand.New(rand.NewPCG(1, 2))
	for i := range count + 20 {
		first := coin.IntN(2)
		for _, k := range []int{first, 1 - first} {
			took, text, err := c.took(t.Context(), pair[k])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, "unknown_name") {
				t.Fatalf("%s: %s", pair[k], text)
			}
			if i >= 20 { // before that everything is warmed
				times[k] = append(times[k], took)
			}
		}
	}
	return times
}

// chance estimates how often a time of the first sample is longer than one of the
// second: the statistic of Mann and Whitney over the number of pairs. It is one half
// where nobody can tell them apart.
func chance(times [2][]time.Duration) float64 {
	type ranked struct {
		took time.Duration
		of   int
	}
	var all []ranked
	for of, list := range times {
		for _, took := range list {
			all = append(all, ranked{took, of})
		}
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.took, b.took) })
	var ranks float64 // of the first sample; equal times share theirs
	for i := 0; i < len(all); {
		k := i
		for k < len(all) && all[k].took == all[i].took {
			k++
		}
		for _, x := range all[i:k] {
			if x.of == 0 {
				ranks += float64(i+k+1) / 2
			}
		}
		i = k
	}
	n, m := float64(len(times[0])), float64(len(times[1]))
	return (ranks - n*(n+1)/2) / (n * m)
}

func median(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}

func timed() (count int, bound float64) {
	if long() {
		return 5000, separableLong
	}
	return 400, separableShort
}

func timedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "one", false)
	for _, source := range sources[:2] {
		w.apply(t, "ga", fmt.Sprintf("resources: {公安.稽查%s: {class: restricted, source: %s, schema: %s, table: renkou, items: {id: ''}}}", source, source, w.schemas[source]))
		w.apply(t, "ga", fmt.Sprintf("grants: {公安.稽查%s: [{agency: 民政, items: {id: clear}, purposes: [JC], modes: [interface]}]}", source))
	}
	w.inForce(t)
	return w
}

// What is not granted takes as long to refuse as what is not there, and says the same.
func TestUnknownAndDeniedTakeAsLong(t *testing.T) {
	w := timedWorld(t)
	c := newClock(t, w)
	count, bound := timed()
	for _, source := range sources[:2] {
		for what, pair := range unknownAndDenied(source) {
			_, denied, err := c.took(t.Context(), pair[0])
			if err != nil {
				t.Fatal(err)
			}
			_, unknown, err := c.took(t.Context(), pair[1])
			if err != nil {
				t.Fatal(err)
			}
			// Both name what was asked for and granted names that are near to it, and nothing
			// else differs.
			denied, near := withoutNearest(denied)
			unknown, _ = withoutNearest(unknown)
			same := strings.NewReplacer("稽察", "稽查", " mn.", " mm.", " xy.", " xz.")
			if same.Replace(unknown) != denied || strings.Contains(near, "稽") || strings.Contains(near, `"mm"`) || strings.Contains(near, `"xz"`) {
				t.Errorf("%s at %s:\ndenied:  %s, near %s\nunknown: %s", what, source, denied, near, unknown)
			}
			times := c.sampled(t, pair, count)
			p := chance(times)
			t.Logf("%s at %s: longer with chance %.3f; medians %v and %v of %d", what, source, p, median(times[0]), median(times[1]), count)
			if p < 0.5-bound || p > 0.5+bound {
				t.Errorf("%s at %s: what is denied takes longer than what is unknown with chance %.3f", what, source, p)
			}
		}
	}
}

var nearest = regexp.MustCompile(`,"nearest":\[[^\]]*\]`)

// withoutNearest takes the names that may have been meant out of an error.
func withoutNearest(text string) (rest, names string) {
	return nearest.ReplaceAllString(text, ""), nearest.FindString(text)
}

// A difference of 200 µs would show.
func TestTheClockSees(t *testing.T) {
	w := timedWorld(t)
	late := func(sql string) {
		for began := time.Now(); strings.Contains(sql, "稽查") && time.Since(began) < 200*time.Microsecond; {
		}
	}
	w.engine.before.Store(&late)
	count, bound := timed()
	times := newClock(t, w).sampled(t, unknownAndDenied("wj")["a table of another purpose"], count)
	p := chance(times)
	t.Logf("with 200 µs more: longer with chance %.3f; medians %v and %v", p, median(times[0]), median(times[1]))
	if p < 0.5+bound {
		t.Errorf("200 µs more show with chance %.3f only", p)
	}
}

// The statistic is what it is said to be.
func TestChance(t *testing.T) {
	for want, times := range map[float64][2][]time.Duration{
		1: {{4, 5, 6}, {1, 2, 3}}, 0: {{1, 2, 3}, {4, 5, 6}}, 0.5: {{1, 2, 3}, {1, 2, 3}}, 0.75: {{1, 3}, {1, 1}}, 0.25: {{1, 4}, {2, 5}},
	} {
		if got := chance(times); got != want {
			t.Errorf("%v: %v, want %v", times, got, want)
		}
	}
}
