"""DuckDB's scanner of PostgreSQL: python scanner.py HOST:PORT SOURCE. It is attached to the PostgreSQL door
and, with the same data, to the source itself; each line says whether both answered the same."""

import glob
import importlib
import os
import sys

import duckdb

HOST, PORT = sys.argv[1].split(":")
folder = os.path.dirname(importlib.import_module("duckdb_extension_postgres_scanner").__file__)
db = duckdb.connect(config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false", "memory_limit": "256MB", "threads": "2"})
db.execute(f"LOAD '{glob.glob(folder + '/extensions/*/*.duckdb_extension')[0]}'")
print("version duckdb", duckdb.__version__, "postgres_scanner", db.execute("SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'postgres_scanner'").fetchone()[0])
db.execute(f"ATTACH 'host={HOST} port={PORT} user=analyst dbname=lianji' AS door (TYPE postgres, READ_ONLY)")
db.execute(f"ATTACH '{sys.argv[2]}' AS source (TYPE postgres, READ_ONLY)")

TABLES = {"型": "types", "户": "small", "类": "kinds"}


def seen(do):
    """What a client sees: a value, or the error."""
    try:
        return do()
    except Exception as e:
        said = str(e)
        return "FAILED " + (said[said.index("ERROR: ") :] if "ERROR: " in said else said).split("\n")[0]


def step(name, do):
    print(name, seen(do), flush=True)


def same(name, sql):
    """Asks both, and compares all rows and types."""
    for answer, schema, tables in (("got", 'door."政务"', 0), ("want", "source.public", 1)):
        text = sql
        for pair in TABLES.items():
            text = text.replace("{" + pair[0] + "}", schema + '."' + pair[tables] + '"')
        failed = seen(lambda: db.execute(f"CREATE OR REPLACE TEMP TABLE {answer} AS {text}").fetchall())
        if isinstance(failed, str):
            print(name, answer, failed, flush=True)
            return
    types = [[r[:2] for r in db.execute("DESCRIBE " + answer).fetchall()] for answer in ("got", "want")]
    differ = db.execute("SELECT count(*) FROM ((FROM got EXCEPT ALL FROM want) UNION ALL (FROM want EXCEPT ALL FROM got))").fetchone()[0]
    rows = db.execute("SELECT count(*) FROM want").fetchone()[0]
    if differ or types[0] != types[1]:
        print(name, "DIFFERS in", differ, "of", rows, *types, seen(lambda: db.execute("SELECT CAST(got AS VARCHAR) FROM got").fetchall()), flush=True)
    else:
        print(name, "same,", rows, "rows", flush=True)


step("schemas", lambda: sorted(r[0] for r in db.execute("SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'door' AND schema_name NOT IN ('information_schema', 'pg_catalog')").fetchall()))
step("tables", lambda: sorted(r for r in db.execute("SELECT schema, name FROM (SHOW ALL TABLES) WHERE database = 'door'").fetchall()))
step("columns", lambda: " ".join(f"{r[0]}:{r[1]}" for r in db.execute('DESCRIBE door."政务"."型"').fetchall()))
same("every type", "FROM {型}")
for c in ["b", "i2", "i4", "i8", "f4", "f8", "n", "t", "v", "bt", "d", "ti", "ts", "tz", "u", "j", "iv", "li", "lt"]:
    same(f"{c} not null", f"SELECT id, {c} FROM {{型}} WHERE {c} IS NOT NULL")
for name, condition in {
    "bool": "b", "smallint": "i2 = -32768", "integer": "i4 > 2147483646", "bigint": "i8 <= -9223372036854775808", "real": "f4 = 1.5", "double": "f8 >= 1e308",
    "nan": "f8 = 'NaN'::DOUBLE", "infinity": "f8 < '-1e308'::DOUBLE", "decimal": "n = 1.5", "small decimal": "n < -999999999.998", "text": "t = '政务 ''x'' \\ \"'",
    "empty text": "t = ''", "text range": "t > 'a'", "like": "t LIKE '政%'", "prefix": "starts_with(t, '政')", "blob": "bt = '\\x61\\x62\\x00\\xFF'::BLOB", "short blob": "bt = '\\x00'::BLOB",
    "date": "d = DATE '2024-02-29'", "early date": "d < DATE '0002-01-01'", "time": "ti >= TIME '23:59:59.999999'", "timestamp": "ts = TIMESTAMP '2024-02-29 12:34:56.789012'",
    "instant": "tz = TIMESTAMPTZ '2024-02-29 12:34:56.789012+08'", "uuid": "u = '123e4567-e89b-12d3-a456-426614174000'::UUID", "in": "i4 IN (1, 2, 2147483647)",
    "in texts": "t IN ('', 'nix')", "or": "i4 = 1 OR t = ''", "null": "t IS NULL", "between": "d BETWEEN DATE '2024-01-01' AND DATE '2024-12-31'", "not": "t <> ''", "list": "li = [1, NULL, 3]",
}.items():
    same("filter " + name, f"SELECT id FROM {{型}} WHERE {condition}")
db.execute("SET pg_experimental_filter_pushdown = false")
same("filter blob by DuckDB", "SELECT id FROM {型} WHERE bt = '\\x61\\x62\\x00\\xFF'::BLOB")
db.execute("RESET pg_experimental_filter_pushdown")
same("without columns", "SELECT count(*) FROM {户}")
same("all rows", "SELECT count(*), sum(id), min(name), max(name), count(DISTINCT k) FROM {户}")
same("join", "SELECT h.name, l.title FROM {户} h JOIN {类} l ON l.k = h.k WHERE h.id BETWEEN 10 AND 12")
same("limit", "SELECT name FROM {户} ORDER BY id DESC LIMIT 3 OFFSET 2")
same("twice", "SELECT count(*) FROM {户} a JOIN {户} b ON b.id = a.id + 1")
step("a transaction", lambda: [db.execute(s).fetchall() for s in ("BEGIN", 'SELECT count(*) FROM door."政务"."类"', "COMMIT")][1])
step("its own statement", lambda: db.execute("FROM postgres_query('door', 'SELECT id, name FROM 政务.户 WHERE id <= 2 ORDER BY id')").fetchall())
step(
    "types that PostgreSQL has not",
    lambda: db.execute("FROM postgres_query('door', 'SELECT 255::UTINYINT, 65535::USMALLINT, 4294967295::UINTEGER, 1.5::DECIMAL(20,10), {''a'': 1}, MAP {''k'': 2}, [[1], [2, 3]]')").fetchall(),
)
step("what is not there", lambda: db.execute("FROM postgres_query('door', 'SELECT nix FROM 政务.户 WHERE true')").fetchall())
db.execute(f"ATTACH 'host={HOST} port={PORT} user=analyst dbname=lianji' AS writer (TYPE postgres)")
for sql in ('INSERT INTO writer."政务"."类" VALUES (8, \'x\')', 'DELETE FROM writer."政务"."类"', 'UPDATE writer."政务"."类" SET k = 1', 'CREATE TABLE writer."政务"."新" (a INT)', 'DROP TABLE writer."政务"."类"', "CALL postgres_execute('writer', 'DROP TABLE 政务.类')"):
    step(" ".join(sql.split()[:2]), lambda: db.execute(sql).fetchall())
same("afterwards", "FROM {类}")
