package audit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

// BenchmarkPairs is durable pairs of start and end by 64 goroutines, with the time
// that one sync of the same disk takes beside it.
func BenchmarkPairs(b *testing.B) {
	for _, a := range []Algorithm{Ed25519, SM2} {
		b.Run(string(a), func(b *testing.B) { pairs(b, a) })
	}
}

func pairs(b *testing.B, a Algorithm) {
	const goroutines = 64
	key, err := OpenSigner(filepath.Join(b.TempDir(), "key"), a)
	if err != nil {
		b.Fatal(err)
	}
	median, p99 := syncTimes(b)
	l := opened(b, Options{Dir: b.TempDir(), Signer: key, sealEvery: defaultSealEvery})
	s := joined()
	s.Statement = "SELECT 姓名 FROM 公安.人口 WHERE 身份证号 = '‹6d1f0c2ab7e94410›'"
	digest := "sha256:6d1f0c2ab7e944106d1f0c2ab7e944106d1f0c2ab7e944106d1f0c2ab7e94410"
	var left atomic.Int64
	left.Store(int64(b.N))
	var g safego.Group
	b.ResetTimer()
	for range goroutines {
		g.Go(func() error {
			for left.Add(-1) >= 0 {
				id, err := l.Start(context.Background(), s)
				if err != nil {
					return err
				}
				e := End{Start: id, Outcome: Done, Rows: 7, Digest: digest, Reads: []Read{{Source: "ga", Resources: []string{people.Resource}, Rows: 70, Took: time.Millisecond}}}
				if _, err := l.EndDurable(context.Background(), e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
	b.ReportMetric(float64(median.Microseconds()), "fsync-p50-us")
	b.ReportMetric(float64(p99.Microseconds()), "fsync-p99-us")
	shut(b, l)
}

// syncTimes appends and syncs a file as the log does, alone.
func syncTimes(b *testing.B) (median, p99 time.Duration) {
	b.Helper()
	f, err := osDisk{}.create(filepath.Join(b.TempDir(), "sync"))
	if err != nil {
		b.Fatal(err)
	}
	times := make([]time.Duration, 300)
	block := make([]byte, 40_000)
	for i := range times {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(begun)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(times)
	return times[len(times)/2], times[len(times)*99/100]
}

// BenchmarkVerify reads 50,000 records.
func BenchmarkVerify(b *testing.B) {
	dir, key := b.TempDir(), signer(b)
	l := opened(b, Options{Dir: dir, Signer: key})
	for i := range 50_000 {
		e, err := newEntry(KindRefused, joined().filled())
		if err == nil {
			e.urgent = i%1000 == 0
			err = l.put(b.Context(), e)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	shut(b, l)
	segments, _, err := segmentsOf(dir)
	if err != nil {
		b.Fatal(err)
	}
	bytes := int64(0)
	for _, s := range segments {
		info, err := os.Stat(filepath.Join(dir, s.name))
		if err != nil {
			b.Fatal(err)
		}
		bytes += info.Size()
	}
	b.SetBytes(bytes)
	for b.Loop() {
		if r, err := Verify(dir, nil, []PublicKey{key.Public()}); err != nil || !r.OK() || r.Records < 50_000 {
			b.Fatal(fmt.Sprint(r, err))
		}
	}
}
