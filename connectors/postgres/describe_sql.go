package postgres

import "strings"

// The catalogue is read by a handful of statements over all tables, sent
// together: one round trip, one transaction, one snapshot. to_jsonb reads columns
// that not every version has.
const (
	sqlBegin = `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`
	// With this path format_type puts the schema before every name that is not
	// PostgreSQL's own: planner/dialect relies on it.
	sqlPath = `SET LOCAL search_path = pg_catalog`

	sqlRelations = `
SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`

	sqlDatabase = `
SELECT pg_encoding_to_char(d.encoding), d.datcollate, coalesce(to_jsonb(d)->>'datlocprovider', 'c'),
       coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', '')
FROM pg_database d WHERE d.datname = current_database()`

	// Before version 14 a table that was never analysed has 0 rows, not -1.
	sqlTables = `
SELECT c.oid, n.nspname, c.relname, c.relkind IN ('v', 'm'),
       CASE WHEN c.relkind = 'v' THEN -1
            WHEN c.relkind = 'p' THEN (
                SELECT CASE WHEN bool_or(l.reltuples < 0) THEN -1 ELSE coalesce(sum(l.reltuples::bigint), 0) END
                FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf)
            WHEN c.reltuples < 0 OR c.reltuples = 0 AND c.relpages = 0 AND current_setting('server_version_num')::int < 140000 THEN -1
            ELSE c.reltuples::bigint END,
       obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN (` + sqlRelations + `)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`

	sqlColumns = `
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod,
       a.attnotnull, a.attcollation, col_description(a.attrelid, a.attnum)
FROM pg_attribute a
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (` + sqlRelations + `)
ORDER BY a.attrelid, a.attnum`

	sqlTypes = `
WITH RECURSIVE used(number) AS (
    SELECT a.atttypid FROM pg_attribute a
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (` + sqlRelations + `)
  UNION
    SELECT below.number FROM used JOIN pg_type t ON t.oid = used.number
    CROSS JOIN LATERAL (VALUES (t.typbasetype), (t.typelem)) below(number) WHERE below.number <> 0)
SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, CASE WHEN e.typarray = t.oid THEN t.typelem ELSE 0 END
FROM used JOIN pg_type t ON t.oid = used.number LEFT JOIN pg_type e ON e.oid = t.typelem`

	sqlCollations = `
SELECT c.oid, c.collname, c.collprovider, coalesce(c.collcollate, '') FROM pg_collation c`

	// Keys that hold at any moment and for every row.
	sqlKeys = `
SELECT i.indrelid, i.indisprimary, i.indnkeyatts, i.indkey
FROM pg_index i
WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  AND i.indrelid IN (` + sqlRelations + `)
ORDER BY i.indrelid, i.indexrelid`
)

var sqlDescribe = strings.Join([]string{
	sqlBegin, sqlPath, sqlDatabase, sqlTables, sqlColumns, sqlTypes, sqlCollations, sqlKeys,
}, ";")
