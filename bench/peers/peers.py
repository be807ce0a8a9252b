"""Runs statements in the peers that come as Python packages.

Each line of stdin is a request: {"peer", "url", "source", "sql", "key", "schema", "answer"};
each line of stdout its outcome: {"seconds", "rows"} or {"error"}. With "answer" the
answer is written into that Arrow file, with the types of the schema in the file
"schema"; that is not timed. Arguments: the URLs of PostgreSQL and MariaDB.

With a statement as third argument, it is run in DuckDB once and its rows are printed:
for the time from the start of a program to its first answer.
"""

import glob
import importlib
import json
import os
import sys
import time
import urllib.parse

POSTGRES, MARIA = sys.argv[1:3]


def extension(name):
    folder = os.path.dirname(importlib.import_module("duckdb_extension_" + name).__file__)
    return glob.glob(folder + "/extensions/*/*.duckdb_extension")[0]


class DuckDB:
    """DuckDB with both databases attached by its own scanners."""

    def __init__(self, request=None):
        import duckdb

        self.db = duckdb.connect(config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false"})
        self.db.execute("SET TimeZone = 'Asia/Shanghai'")
        for kind, name, url in (("postgres", "pg", POSTGRES), ("mysql", "my", MARIA)):
            u = urllib.parse.urlsplit(url)
            where = dict(host=u.hostname, port=u.port, user=u.username, password=u.password)
            where["dbname" if kind == "postgres" else "database"] = u.path[1:]
            self.db.execute(f"LOAD '{extension(kind + '_scanner')}'")
            text = " ".join(f"{k}={v}" for k, v in where.items())
            self.db.execute(f"ATTACH '{text}' AS {name} (TYPE {kind}, READ_ONLY)")

    def run(self, request):
        key = request.get("key")
        return self.db.execute(request["sql"], [] if key is None else [key]).to_arrow_table()


class ConnectorX:
    def __init__(self, request):
        import connectorx

        self.read = connectorx.read_sql

    def run(self, request):
        return self.read({"pg": POSTGRES, "my": MARIA}[request["source"]], request["sql"], return_type="arrow")


class ADBC:
    def __init__(self, request):
        from adbc_driver_postgresql import dbapi

        self.connection = dbapi.connect(POSTGRES)

    def run(self, request):
        with self.connection.cursor() as cursor:
            cursor.execute(request["sql"])
            return cursor.fetch_arrow_table()


class Flight(ADBC):
    """lianji itself, by the driver that Flight SQL has in common."""

    def __init__(self, request):
        from adbc_driver_flightsql import dbapi

        self.connection = dbapi.connect(request["url"])


def plain(table):
    """Without ADBC's own type for numerics, which is text underneath."""
    import pyarrow as pa

    def column(c):
        return pa.chunked_array([part.storage for part in c.chunks], c.type.storage_type) if isinstance(c.type, pa.BaseExtensionType) else c

    return pa.table([column(c) for c in table.columns], names=table.column_names)


def write(table, request):
    import pyarrow as pa

    with pa.ipc.open_stream(request["schema"]) as stream:
        schema = stream.schema
    if request["peer"] not in ("duckdb", "flight"):
        # DuckDB's types are compared; these two have no decimals.
        table = plain(table).cast(schema)
    with pa.ipc.new_stream(request["answer"], table.schema) as out:
        out.write_table(table)


def main():
    made = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            peer = made.get(request["peer"])
            if peer is None:
                peer = made[request["peer"]] = {"duckdb": DuckDB, "connectorx": ConnectorX, "adbc": ADBC, "flight": Flight}[request["peer"]](request)
            begun = time.perf_counter()
            table = peer.run(request)
            outcome = {"seconds": time.perf_counter() - begun, "rows": table.num_rows}
            if request.get("answer"):
                write(table, request)
        except Exception as error:
            outcome = {"error": f"{type(error).__name__}: {error}"}
        table = None
        print(json.dumps(outcome), flush=True)


if len(sys.argv) == 4:
    print(DuckDB().run({"sql": sys.argv[3]}).to_pylist())
else:
    main()
