package sqlite

import (
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"
)

// textUTF16 gives a TEXT cell of a UTF-16 database. SQLite's own conversion would
// put a replacement character where half a pair stands; here that is an error.
func (c *column) textUTF16(stmt *sqlite.Stmt, i int) ([]byte, error) {
	// A reader of the cell as a blob sees the bytes before any conversion; asking for
	// the length first would convert the cell in place.
	raw, err := io.ReadAll(stmt.ColumnReader(i))
	if err != nil || len(raw)%2 != 0 {
		return nil, c.unfitText("UTF-16")
	}
	unit := func(at int) rune {
		if c.bigEndian {
			return rune(raw[at])<<8 | rune(raw[at+1])
		}
		return rune(raw[at+1])<<8 | rune(raw[at])
	}
	out := (*c.buffer)[:0]
	for at := 0; at < len(raw); at += 2 {
		r := unit(at)
		if utf16.IsSurrogate(r) {
			if at += 2; at >= len(raw) {
				return nil, c.unfitText("UTF-16")
			}
			if r = utf16.DecodeRune(r, unit(at)); r == utf8.RuneError {
				return nil, c.unfitText("UTF-16")
			}
		}
		out = utf8.AppendRune(out, r)
	}
	*c.buffer = out
	return out, nil
}
