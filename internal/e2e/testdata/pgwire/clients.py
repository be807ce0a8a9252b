"""Clients of the PostgreSQL door in Python: python clients.py HOST:PORT. Each line is what one of them saw."""

import asyncio
import datetime
import decimal
import sys
import uuid

import asyncpg
import ibis
import pandas
import polars
import psycopg
import sqlalchemy

HOST, PORT = sys.argv[1].split(":")
T = "政务.户"
TWO = f"SELECT id, name FROM {T} WHERE id <= 2 ORDER BY id"
VALUES = """1.50::DECIMAL(9,2), DATE '2024-01-02', TIMESTAMP '2024-01-02 03:04:05.5', TIMESTAMPTZ '2024-01-02 03:04:05+08', true, 'x', [1, 2],
    INTERVAL 1 DAY, UUID '123e4567-e89b-12d3-a456-426614174000', TIME '01:02:03', 1.5::DOUBLE, 'a'::BLOB"""
INSTANT = datetime.datetime(2024, 1, 1, 19, 4, 5, tzinfo=datetime.timezone.utc)
WANT = (
    decimal.Decimal("1.50"), datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5, 500000), INSTANT, True, "x", [1, 2],
    datetime.timedelta(days=1), uuid.UUID("123e4567-e89b-12d3-a456-426614174000"), datetime.time(1, 2, 3), 1.5, b"a",
)


def step(name, do):
    try:
        print(name, do())
    except Exception as e:  # shown as what the client saw
        print(name, "FAILED", type(e).__name__, str(e).split("\n")[0])


def connect():
    return psycopg.connect(host=HOST, port=PORT, user="analyst", dbname="lianji")


def executions(binary):
    """Values on execution 1 to 8: psycopg prepares on the server from the fifth."""
    with connect() as c:
        cur = c.cursor(binary=binary)
        seen = [cur.execute(f"SELECT %s::INT + 1, {VALUES}", (i,)).fetchone() for i in range(8)]
    return [r[0] for r in seen] == list(range(1, 9)) and all(r[1:] == WANT for r in seen)


def server_cursor():
    with connect() as c, c.cursor("cur") as cur:
        cur.execute(TWO)
        return cur.fetchmany(1), cur.fetchall()


def pipeline():
    with connect() as c:
        with c.pipeline():
            a, b = c.execute(TWO), c.execute("SELECT 2")
        return a.fetchall(), b.fetchall()


def copy(options, types=None):
    with connect() as c, c.cursor().copy(f"COPY ({TWO}) TO STDOUT {options}") as out:
        if types:
            out.set_types(types)
        return list(out.rows())


def error():
    with connect() as c:
        try:
            c.execute(f"SELECT nix FROM {T}")
        except psycopg.Error as e:
            seen = type(e).__name__, e.diag.sqlstate, e.diag.statement_position
        c.rollback()
        return seen, c.execute("SELECT 1").fetchone()


def parameters():
    with connect() as c:
        return c.execute(f"SELECT id FROM {T} WHERE id = %s AND name = %s", (17, "n17")).fetchall()


async def with_asyncpg():
    c = await asyncpg.connect(host=HOST, port=int(PORT), user="analyst", database="lianji")
    rows = [tuple(r) for r in await c.fetch(f"SELECT id, name FROM {T} WHERE id < $1 ORDER BY id", 3)]
    await c.reset()
    await c.close()
    return rows


def asyncpg_pool():
    async def go():
        async with asyncpg.create_pool(host=HOST, port=int(PORT), user="analyst", database="lianji", min_size=1, max_size=2) as pool:
            return [await pool.fetchval("SELECT 1") for _ in range(3)]

    return asyncio.run(asyncio.wait_for(go(), 60))


ENGINE = sqlalchemy.create_engine(f"postgresql+psycopg://analyst@{HOST}:{PORT}/lianji")


def inspect():
    i = sqlalchemy.inspect(ENGINE)
    columns = [(c["name"], str(c["type"])) for c in i.get_columns("户", schema="政务")]
    empty = i.get_foreign_keys("户", schema="政务"), i.get_indexes("户", schema="政务"), i.get_unique_constraints("户", schema="政务"), i.get_check_constraints("户", schema="政务")
    return sorted(set(i.get_schema_names()) - {"information_schema", "public"}), i.get_table_names(schema="档案"), columns, i.get_pk_constraint("型", schema="政务"), empty


def table():
    t = sqlalchemy.Table("户", sqlalchemy.MetaData(), schema="政务", autoload_with=ENGINE)
    with ENGINE.connect() as c:
        rows = c.execute(sqlalchemy.select(t.c.id, t.c.name).where(t.c.id.in_([1, 2])).order_by(t.c.id)).fetchall()
    return [(c.name, str(c.type)) for c in t.columns], [tuple(r) for r in rows]


def reflect():
    all_of = sqlalchemy.MetaData()
    all_of.reflect(ENGINE, schema="政务")
    i = sqlalchemy.inspect(ENGINE)
    more = i.get_table_comment("户", schema="政务"), i.get_table_options("户", schema="政务"), i.has_table("无", schema="政务")
    return sorted(all_of.tables), more


def lists(binary):
    """Lists, decimals and bytes as parameters, eight times."""
    mark = "%b" if binary else "%t"
    asked = [
        (f"SELECT id FROM {T} WHERE id = ANY({mark}) ORDER BY id", [3, 1, None]), (f"SELECT id FROM {T} WHERE id = ANY({mark})", []),
        (f"SELECT id FROM {T} WHERE name = ANY({mark})", ["n7", 'x"y{,}\\']), (f"SELECT count(*) FROM {T} WHERE id <> ALL({mark})", [1, 2]),
        (f"SELECT id FROM {T} WHERE id > {mark} AND id < 4 ORDER BY id", decimal.Decimal("1.5")), (f"SELECT {mark}", decimal.Decimal("12345678901234567890.50")),
        (f"SELECT id FROM {T} WHERE id = ANY({mark})", [decimal.Decimal("2.0"), decimal.Decimal("2.5")]), (f"SELECT {mark}::UUID[]", [uuid.UUID(int=7), None]),
        (f"SELECT id FROM {T} WHERE name::BLOB = {mark}", b"n7"), (f"SELECT id FROM {T} WHERE name::BLOB = ANY({mark}::BLOB[])", [b"n7", None]), (f"SELECT {mark}", bytes([0, 92, 120, 255])),
    ]
    with connect() as c:
        answers = [[c.execute(sql, (value,)).fetchall() for sql, value in asked] for _ in range(8)]
    return [[r[0] for r in rows] for rows in answers[0]], all(a == answers[0] for a in answers)


async def asyncpg_list_parameters():
    c = await asyncpg.connect(host=HOST, port=int(PORT), user="analyst", database="lianji")
    ids = await c.fetch(f"SELECT id FROM {T} WHERE id = ANY($1::INT[]) ORDER BY id", [3, 1, None])
    names = await c.fetch(f"SELECT id FROM {T} WHERE name = ANY($1)", ["n7", "x"])
    back = await c.fetchval("SELECT $1::TIMESTAMPTZ[]", [INSTANT, None])
    named = await c.fetchval(f"SELECT id FROM {T} WHERE name::BLOB = $1", b"n7")
    same = await c.fetchval("SELECT $1::BLOB", bytes(range(256))) == bytes(range(256))
    await c.close()
    return [r[0] for r in ids], [r[0] for r in names], back == [INSTANT, None], named, same


async def asyncpg_lists():
    c = await asyncpg.connect(host=HOST, port=int(PORT), user="analyst", database="lianji")
    row = await c.fetchrow("SELECT [1, NULL, 3], ['x', NULL, ''], [1.5::DECIMAL(9,2)], [DATE '2024-01-02'], []::BIGINT[]")
    await c.close()
    return tuple(row)


def with_ibis():
    c = ibis.postgres.connect(host=HOST, port=int(PORT), user="analyst", database="lianji")
    t = c.table("户", database="政务")
    rows = t.filter(t.id <= 2).order_by("id").select("id", "name").to_pandas().to_dict("list")
    sums = t.group_by("k").aggregate(n=t.count(), s=t.id.sum()).order_by("k").limit(1).to_pandas().to_dict("list")
    return c.list_tables(database="档案"), [(n, str(d)) for n, d in t.schema().items()], rows, sums, t.order_by("id").limit(3).to_pyarrow().num_rows


step("psycopg text", lambda: connect().execute(TWO).fetchall())
step("psycopg parameters", parameters)
step("psycopg lists, text", lambda: lists(False))
step("psycopg lists, binary", lambda: lists(True))
step("psycopg executions, text", lambda: executions(False))
step("psycopg executions, binary", lambda: executions(True))
step("psycopg server cursor", server_cursor)
step("psycopg pipeline", pipeline)
step("psycopg copy", lambda: copy(""))
step("psycopg copy binary", lambda: copy("(FORMAT binary)", ["int4", "text"]))
step("psycopg error", error)
step("asyncpg", lambda: asyncio.run(asyncio.wait_for(with_asyncpg(), 60)))
step("asyncpg lists", lambda: asyncio.run(asyncio.wait_for(asyncpg_lists(), 60)))
step("asyncpg list parameters", lambda: asyncio.run(asyncio.wait_for(asyncpg_list_parameters(), 60)))
step("asyncpg pool", asyncpg_pool)
step("sqlalchemy inspect", inspect)
step("sqlalchemy table", table)
step("sqlalchemy reflect", reflect)
step("pandas table", lambda: pandas.read_sql_table("类", ENGINE, schema="政务").head(2).to_dict("list"))
step("pandas", lambda: pandas.read_sql(TWO, ENGINE).to_dict("list"))
step("polars", lambda: polars.read_database(TWO, ENGINE).to_dicts())
step("ibis", with_ibis)
