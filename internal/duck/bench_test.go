package duck

import "testing"

// The cost of a residual's instance, before any work.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		db, err := Open(b.Context(), Options{TempDir: dir, TempBytes: 1 << 20, TimeZone: "Asia/Shanghai", Threads: 2, Scans: true})
		if err != nil {
			b.Fatal(err)
		}
		db.Close()
	}
}
