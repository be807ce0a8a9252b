"""What ADBC and pyarrow make of the Flight SQL door: adbc.py ADDRESS prints it."""

import datetime
import decimal
import sys
import threading
import time

import adbc_driver_flightsql as flightsql
import adbc_driver_flightsql.dbapi as dbapi
import pyarrow as pa
import pyarrow.flight as flight

address = sys.argv[1]
con = dbapi.connect(
    address,
    db_kwargs={
        "username": "anybody",
        "password": "",
        flightsql.DatabaseOptions.RPC_CALL_HEADER_PREFIX.value + "purpose": "DB",
        flightsql.DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value: "true",
    },
    autocommit=True,
)
print("vendor", con.adbc_get_info()["vendor_name"], con.adbc_get_table_types())


def tell(value):
    """Values without names, and without what is NULL."""
    if isinstance(value, dict):
        return " ".join(x for x in map(tell, value.values()) if x != "")
    if isinstance(value, list):
        return "[" + ", ".join(map(tell, value)) + "]"
    return "" if value is None else str(value)


for depth in ("catalogs", "db_schemas", "tables"):
    print(depth, tell(con.adbc_get_objects(depth=depth).read_all().to_pylist()))
found = con.adbc_get_objects(depth="all", db_schema_filter="政%", table_name_filter="户").read_all().to_pylist()
for column in found[0]["catalog_db_schemas"][0]["db_schema_tables"][0]["table_columns"]:
    print("column", column["column_name"], column["ordinal_position"], column["xdbc_type_name"])
print("schema", con.adbc_get_table_schema("户", db_schema_filter="政务").names)

with con.cursor() as cur:
    cur.execute("SELECT id, name FROM 政务.户 WHERE id = 17")
    print("rows", cur.fetchall())
    cur.execute("SELECT id, name FROM 政务.户 WHERE id < 0")
    table = cur.fetch_arrow_table()
    print("empty", table.num_rows, table.schema.names)
    prepared = cur.adbc_prepare("SELECT name FROM 政务.户 WHERE id = $1")
    print("prepared", [str(f.type) for f in prepared])
    for i in (1, 2, 6):
        cur.execute("SELECT name FROM 政务.户 WHERE id = $1", (i,))
        print("bound", i, cur.fetchall())
    for value in (
        5, -(2**63), 1.5, True, "值'", None, decimal.Decimal("1.20"), datetime.date(2024, 2, 29), datetime.time(1, 2, 3),
        datetime.datetime(2024, 1, 2, 3, 4, 5, 6), datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), b"\x00\xff",
    ):
        try:
            cur.execute("SELECT $1 AS v", (value,))
            got = cur.fetch_arrow_table()
            same = got.column(0)[0].as_py() == value
            print("value", got.schema.field(0).type, "same" if same else got.to_pylist())
        except dbapi.Error as e:
            print("value", type(value).__name__, type(e).__name__)
    for kind, value in (
        ("BLOB", b"\x00\xff"), ("DATE", "2024-02-29"), ("DECIMAL(10,2)", 3), ("TIMESTAMP", "2024-01-02 03:04:05"), ("TINYINT", 300),
        ("UUID", "123e4567-e89b-12d3-a456-426614174000"), ("INTERVAL", "3 days"),
    ):
        try:
            cur.execute(f"SELECT CAST($1 AS {kind}) AS v", (value,))
            print("cast", kind, cur.fetch_arrow_table().column(0).to_pylist())
        except dbapi.Error as e:
            print("cast", kind, type(e).__name__)
    for wrong in ("SELECT * FROM 无", "DELETE FROM 政务.户", "SELECT 1; SELECT 2"):
        try:
            cur.execute(wrong)
            print("answered", wrong)
        except dbapi.Error as e:
            print("error", type(e).__name__, str(e).split("[FlightSQL] ")[-1].split(" (")[0])
    try:
        cur.execute("SHOW GRANTS", (1,))
        print("prepared SHOW GRANTS")
    except dbapi.Error as e:
        print("not prepared", type(e).__name__, str(e).split("[FlightSQL] ")[-1].split(" (")[0])
    try:
        cur.executemany("SELECT name FROM 政务.户 WHERE id = $1", [(1,), (2,)])
        print("many are answered")
    except dbapi.Error as e:
        print("many", type(e).__name__)

# A statement that nobody would wait for ends when it is cancelled.
with con.cursor() as cur:
    timer = threading.Timer(0.3, cur.adbc_cancel)
    timer.start()
    began = time.monotonic()
    try:
        cur.execute("SELECT count(*) FROM 政务.流水 WHERE length(reverse(pad)) > 3")
        cur.fetchall()
        print("not cancelled")
    except dbapi.Error as e:
        print("cancelled", type(e).__name__, time.monotonic() - began < 5)
con.close()

client = flight.connect(address)
header = client.authenticate_basic_token("anybody", "")
options = flight.FlightCallOptions(headers=[header, (b"compression", b"zstd")])


def field(number, body):
    out, size = bytes([number << 3 | 2]), len(body)
    while size > 127:
        out, size = out + bytes([size & 127 | 128]), size >> 7
    return out + bytes([size]) + body


command = field(1, b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery")
command += field(2, field(1, "SELECT id, pad FROM 政务.流水 WHERE z < 2 LIMIT 100000".encode()))
info = client.get_flight_info(flight.FlightDescriptor.for_command(command), options)
reader = client.do_get(info.endpoints[0].ticket, options)
rows, most, last = 0, 0, None
for chunk in reader:
    rows, most, last = rows + chunk.data.num_rows, max(most, chunk.data.nbytes), chunk.app_metadata
print("pyarrow", rows, most <= 2 << 20, reader.schema.equals(info.schema, check_metadata=True), repr(info.endpoints[0].locations), b'"row_count":100000' in last.to_pybytes())
try:
    client.do_get(info.endpoints[0].ticket, options).read_all()
    print("a ticket is good twice")
except pa.ArrowInvalid:
    print("a ticket is good once")
