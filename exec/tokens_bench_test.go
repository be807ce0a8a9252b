package exec

import (
	"path/filepath"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/policy/tokenize"
)

// BenchmarkTokens makes a million tokens in DuckDB, beside a built-in mask and the
// values as they are, by one thread.
func BenchmarkTokens(b *testing.B) {
	file := filepath.Join(b.TempDir(), "key")
	byName := map[string]duck.Appender{}
	for _, a := range []tokenize.Algorithm{tokenize.SHA256, tokenize.SM3} {
		keys := tokenize.NewKeys(file, a)
		v, err := keys.Rotate()
		if err != nil {
			b.Fatal(err)
		}
		k, err := keys.Tokenizer(tokenize.Of{Version: v, Agency: "MZ", Purpose: "DB-HC", Identifier: catalog.IDNumber})
		if err != nil {
			b.Fatal(err)
		}
		byName[string(a)] = k.Append
	}
	db, err := duck.Open(b.Context(), duck.Options{Scans: true, MemoryBytes: 512 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.Texts(byName)
	c, err := db.Connect()
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(b.Context(), "CREATE TABLE t AS SELECT CAST(210102199001010000 + i AS VARCHAR) AS s FROM range(1000000) r(i)"); err != nil {
		b.Fatal(err)
	}
	for name, expr := range map[string]string{
		"values": "s", "mask": "CASE WHEN s IS NULL THEN NULL WHEN length(s) = 18 THEN substring(s, 1, 6) || '********' || substring(s, 15, 4) ELSE '****' END",
		"token of SHA-256": "lianji_text('sha256', s)", "token of SM3": "lianji_text('sm3', s)",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.QueryText(b.Context(), "SELECT max("+expr+") FROM t"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
