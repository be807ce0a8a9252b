package mysql_test

import (
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/server"
)

// The last rows of an answer are known to be the last, whatever its size, and none before.
func TestAtEnd(t *testing.T) {
	s := open(t, testmaria.Start(t).Database(t).Reader, 1)
	conn := s.acquire()
	for _, c := range []struct {
		sql     string
		batches int // at least
	}{{"SELECT CAST(1 AS SIGNED) AS n", 1}, {"SELECT CAST(seq AS SIGNED) AS n FROM seq_1_to_200000", 3}, {"SELECT CAST(seq AS SIGNED) AS n FROM seq_1_to_3 WHERE seq > 5", 0}} {
		stream, err := conn.Scan(t.Context(), s.statement(c.sql))
		if err != nil {
			t.Fatal(detail(err))
		}
		batches, known := 0, server.AtEnd(stream)
		for stream.Next() {
			if known {
				t.Errorf("%s: rows behind the end", c.sql)
			}
			batches, known = batches+1, server.AtEnd(stream)
		}
		if err := stream.Err(); err != nil || batches < c.batches || known != (batches > 0) || !server.AtEnd(stream) {
			t.Errorf("%s: %d batches, known to be all: %t, then %t, %v", c.sql, batches, known, server.AtEnd(stream), err)
		}
		stream.Release()
	}
	// What fails behind its last rows is no end.
	stream, err := conn.Scan(t.Context(), s.statement("SELECT CAST(seq AS SIGNED) + IF(seq < 200000, 0, 9223372036854775807) AS n FROM seq_1_to_200000"))
	if err != nil {
		t.Fatal(detail(err))
	}
	defer stream.Release()
	for stream.Next() {
		if server.AtEnd(stream) {
			t.Error("an answer that fails was said to be whole")
		}
	}
	if errs.CodeOf(stream.Err()) != errs.DataError {
		t.Error(detail(stream.Err()))
	}
}
