"""psqlODBC through pyodbc on the PostgreSQL door: python odbc.py HOST:PORT DRIVER. Each line is what it saw."""

import datetime
import decimal
import sys
import threading
import time
import uuid

import pyodbc

HOST, PORT = sys.argv[1].split(":")
pyodbc.pooling = False
DAY, MOMENT = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 34, 56, 789012)


def connect(more=""):
    return pyodbc.connect(f"DRIVER={sys.argv[2]};SERVER={HOST};PORT={PORT};UID=analyst;DATABASE=lianji;{more}", autocommit=True)


def step(name, do):
    try:
        said = do()
    except Exception as e:
        said = " ".join(["FAILED", type(e).__name__, *(str(a).split("\n")[0] for a in e.args)])
    print(name, said, flush=True)


def names(rows, *columns):
    return [tuple(getattr(r, c) for c in columns) for r in rows]


def every_type(c):
    shown = []
    for r in c.execute("SELECT * FROM 政务.型 ORDER BY id"):
        shown.append([("(3000)" if isinstance(v, str) and len(v) == 3000 else v) for v in r])
    return "".join("\n  " + str(r) for r in shown)


def parameters(c):
    """Each kind of parameter finds the first row by its column."""
    out = []
    for column, value in {
        "b": True, "i2": 1, "i4": 1, "i8": 1, "f4": 1.5, "f8": 1.5, "n": decimal.Decimal("1.500"), "t": "政务 'x' \\ \"", "v": "v", "bt": b"ab\0\xff", "d": DAY, "ti": datetime.time(12, 34, 56), "ts": MOMENT, "tz": MOMENT,
        "u": uuid.UUID("123e4567-e89b-12d3-a456-426614174000"),
    }.items():
        try:
            operator = ">=" if column == "ti" else "="
            found = c.execute(f"SELECT id FROM 政务.型 WHERE {column} {operator} ? ORDER BY id LIMIT 1", value).fetchone()
            out.append(f"{column}:{found and found[0]}")
        except pyodbc.Error as e:
            out.append(f"{column}: {e.args[0]} {e.args[1].splitlines()[0]}")
    return "\n  ".join(["", *out])


def executions(c):
    cursor = c.cursor()
    return [cursor.execute("SELECT name FROM 政务.户 WHERE id = ? AND name = ?", i, f"n{i}").fetchone()[0] for i in range(1, 8)]


def cancelled(c):
    cursor = c.cursor()

    def later():
        time.sleep(0.5)
        cursor.cancel()

    thread = threading.Thread(target=later)
    thread.start()
    try:
        return cursor.execute("SELECT count(*) FROM 政务.流水").fetchall()
    finally:
        thread.join()


def timed_out(c):
    c.execute("SET statement_timeout = 300")
    try:
        return c.execute("SELECT count(*) FROM 政务.流水").fetchall()
    finally:
        c.execute("RESET statement_timeout")


def transaction(c):
    c.autocommit = False
    try:
        rows = c.execute("SELECT 1").fetchall()
        c.commit()
        c.rollback()
        return rows
    finally:
        c.autocommit = True


c = connect()
print("version pyodbc", pyodbc.version, "psqlODBC", c.getinfo(pyodbc.SQL_DRIVER_VER), "unixODBC", c.getinfo(pyodbc.SQL_DM_VER))
step("server", lambda: (c.getinfo(pyodbc.SQL_DBMS_NAME), c.getinfo(pyodbc.SQL_DBMS_VER), c.getinfo(pyodbc.SQL_DATABASE_NAME), c.getinfo(pyodbc.SQL_USER_NAME), c.getinfo(pyodbc.SQL_SERVER_NAME) == HOST))
step("tables", lambda: names(c.cursor().tables(tableType="TABLE"), "table_schem", "table_name", "table_type"))
step("tables like", lambda: names(c.cursor().tables(schema="档%", table="册"), "table_schem", "table_name", "remarks"))
step("schemas", lambda: names(c.cursor().tables(catalog="", schema="%", table=""), "table_schem"))
step("columns", lambda: " ".join(f"{r.column_name}:{r.type_name}:{r.data_type}:{r.column_size}:{r.decimal_digits}:{r.ordinal_position}" for r in c.cursor().columns(schema="政务", table="型")))
step("primary key", lambda: list(c.cursor().primaryKeys(table="型", schema="政务")))
step("foreign keys", lambda: [list(c.cursor().foreignKeys(table="型", schema="政务")), list(c.cursor().foreignKeys(foreignTable="型", foreignSchema="政务"))])
step("statistics", lambda: names(c.cursor().statistics("型", schema="政务"), "table_name", "non_unique", "index_name", "type", "ordinal_position", "column_name", "asc_or_desc"))
step("row ids", lambda: [list(f("型", schema="政务")) for f in (c.cursor().rowIdColumns, c.cursor().rowVerColumns)])
step("types", lambda: {"bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "bytea", "date", "time", "timestamptz", "uuid"} - {r.type_name for r in c.cursor().getTypeInfo()})
step("procedures", lambda: (len(list(c.cursor().procedures())) > 100, list(c.cursor().procedureColumns())))
step("every type", lambda: every_type(c))
step("described", lambda: [(d[0], d[1].__name__, d[3], d[5]) for d in c.execute("SELECT id, n, t, d, tz, 1.50 AS p FROM 政务.型").description])
step("all rows", lambda: c.execute("SELECT id, name FROM 政务.户 ORDER BY id").fetchall()[19998:])
for name, options in {"prepared at the server": "UseServerSidePrepare=1", "prepared by the driver": "UseServerSidePrepare=0", "by cursors": "UseDeclareFetch=1;Fetch=100"}.items():
    with connect(options) as other:
        step("parameters, " + name, lambda: parameters(other))
        step("executions, " + name, lambda: executions(other))
        step("rows, " + name, lambda: sum(r[0] for r in other.execute("SELECT id FROM 政务.户")))
        step("transaction, " + name, lambda: transaction(other))
        step("error, " + name, lambda: other.execute("SELECT nix FROM 政务.户"))
        step("after it, " + name, lambda: other.execute("SELECT 1").fetchall())
with connect("UseServerSidePrepare=0") as other:
    step("bytes that would be others", lambda: other.execute("SELECT id FROM 政务.型 WHERE bt = ?", b"ab\0\xff").fetchall())
step("NULL", lambda: c.execute("SELECT count(*) FROM 政务.型 WHERE CAST(? AS VARCHAR) IS NULL", None).fetchall())
step("nothing there", lambda: c.execute("SELECT * FROM 政务.无"))
step("nothing is written", lambda: c.execute("DELETE FROM 政务.户"))
step("cancelled", lambda: cancelled(c))
step("time-out", lambda: timed_out(c))
step("afterwards", lambda: c.execute("SELECT 1").fetchall())
