package pgwire

import (
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

// Bytes that mean others here than to the client that wrote them are refused, and nothing
// else is.
func TestHexBytes(t *testing.T) {
	for _, sql := range []string{
		`SELECT '\x6162'::bytea`, `SELECT "id" FROM t WHERE "b" = '\xDEADBEEF'::BYTEA`, `SELECT CAST('\x6162' AS bytea)`, `SELECT bytea '\x6162'`, `SELECT E'\\x6162'::bytea`, `SELECT '\x61 62' :: "bytea"`,
		`SELECT ('\x6162')::bytea`, `SELECT (('\x6162'))::pg_catalog.bytea`, `SELECT $$\x6162$$::bytea`, `SELECT '\x616'::bytea`, `SELECT 1; SELECT '\x6162'::bytea`,
		`SELECT id FROM t WHERE b = '\x6162'`, `SELECT '\x6162' AS bytes`, `SELECT f('\x6162' , 'y'::blob)`, `SELECT try_cast('\x6162' AS bytea)`,
	} {
		if err := refuseHex(sql); errs.CodeOf(err) != errs.NotSupported {
			t.Errorf("%s is not refused: %v", sql, err)
		}
	}
	for _, sql := range []string{
		`SELECT '\x61'::bytea`, `SELECT '\x61\x62'::bytea`, `SELECT '\x6162'::blob`, `SELECT 'a\x6162'::bytea`, `SELECT '\x61zz'::bytea`, `SELECT '\x61' = b`,
		`SELECT '\x6162`, `SELECT "\x6162"::bytea`, `SELECT '\x6162'::text`, `SELECT CAST('\x6162' AS varchar)`, `SELECT try_cast('\x6162' AS "blob")`, `SELECT text '\x6162', blob '\x6162'`, `SELECT 'x'::bytea`, ``,
	} {
		if err := refuseHex(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
