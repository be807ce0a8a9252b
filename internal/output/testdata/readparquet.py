"""Reads Parquet files with DuckDB and with pyarrow and prints what is not as it must be.

Standard input: a JSON array of {"name", "file", "arrow", "type", "values"}. The file
has the columns n (0 in every row) and v. arrow is the same result as an Arrow
stream, or "". type is v's type in DuckDB, values are its rows as SQL.
"""

import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

db = duckdb.connect(config={"memory_limit": "300MB", "threads": 1})


def comparable(column):
    """Values of a column that Python can compare: NaN as text, times as numbers."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_date(kind):
        column = column.cast(pa.int32())
    return [repr(v) for v in column.to_pylist()]


def named(kind):
    """A type without the names that every writer gives to the parts of lists and maps."""
    return str(kind).replace("element: ", "item: ").replace(" ('v')", "")


def with_duckdb(case):
    rows = f"read_parquet('{case['file']}', file_row_number = true)"
    described = db.sql(f"DESCRIBE SELECT v FROM {rows}").fetchall()[0][1]
    if described != case["type"]:
        yield f"the type {described}, not {case['type']}"
    count = db.sql(f"SELECT count(*) FROM {rows} WHERE n = 0").fetchone()[0]
    if count != len(case["values"]):
        yield f"{count} rows, not {len(case['values'])}"
    for i, value in enumerate(case["values"]):
        want = f"CAST({value} AS {case['type']})"
        same, shown = db.sql(
            f"SELECT v IS NOT DISTINCT FROM {want}, CAST(v AS VARCHAR) FROM {rows} WHERE file_row_number = {i}"
        ).fetchone()
        if not same:
            yield f"in row {i} {shown}, not {value}"
        # As a condition, which the file's own statistics may answer.
        found = db.sql(f"SELECT count(*) FROM {rows} WHERE v IS NOT DISTINCT FROM {want}").fetchone()[0]
        equal = db.sql(f"SELECT count(*) FROM {rows} WHERE v = {want}").fetchone()[0]
        if found == 0 or (equal == 0) != (value == "NULL"):
            yield f"{found} and {equal} rows that equal {value}"


def with_pyarrow(case):
    column = pq.read_table(case["file"]).column("v")
    if case["arrow"] == "":
        return
    with pa.ipc.open_stream(case["arrow"]) as stream:
        whole = stream.read_all().column("v")
    if whole.type == pa.timestamp("s"):
        whole = whole.cast(pa.timestamp("ms"))
    if named(column.type) != named(whole.type):
        yield f"the type {column.type}, not {whole.type}"
    elif comparable(column) != comparable(whole):
        yield f"{comparable(column)}, not {comparable(whole)}"


problems = []
for case in json.load(sys.stdin):
    for reader, check in (("DuckDB", with_duckdb), ("pyarrow", with_pyarrow)):
        try:
            problems += [f"{case['name']}: {reader} reads {p}" for p in check(case)]
        except Exception as e:
            problems.append(f"{case['name']}: {reader} fails: {e}")
json.dump(problems, sys.stdout)
