"""How clients log in at doors that speak TLS: login.py POSTGRES FLIGHT GATEWAY CLIENT prints
it. The last two are folders with cert.pem and key.pem."""

import asyncio
import os
import ssl
import sys

import adbc_driver_flightsql as flightsql
import adbc_driver_flightsql.dbapi as dbapi
import asyncpg
import psycopg
import pyarrow.flight as flight

postgres, flights, gateway, client = sys.argv[1:]
host, port = postgres.split(":")
password, token = os.environ["WANGS_PASSWORD"], os.environ["WANGS_TOKEN"]
root, cert, key = f"{gateway}/cert.pem", f"{client}/cert.pem", f"{client}/key.pem"
WHO = "SHOW session_authorization"

for name, options in (
    ("psycopg, bound", {"user": "wang", "password": password, "channel_binding": "require", "require_auth": "scram-sha-256"}),
    ("psycopg, token", {"user": "wang~token", "password": token}),
    ("psycopg, certificate", {"user": "mz.app", "sslcert": cert, "sslkey": key, "require_auth": "none"}),
):
    with psycopg.connect(host=host, port=port, dbname="lianji", sslmode="verify-full", sslrootcert=root, **options) as con:
        print(name, con.execute(WHO).fetchone()[0])


async def asynchronous():
    for name, own, options in (
        ("asyncpg", False, {"user": "wang", "password": password}),
        ("asyncpg, token", False, {"user": "wang~token", "password": token}),
        ("asyncpg, certificate", True, {"user": "mz.app"}),
    ):
        context = ssl.create_default_context(cafile=root)
        if own:
            context.load_cert_chain(cert, key)
        con = await asyncpg.connect(host=host, port=port, database="lianji", ssl=context, **options)
        print(name, await con.fetchval(WHO))
        await con.close()


asyncio.run(asynchronous())


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def adbc(name, **options):
    trusted = {flightsql.DatabaseOptions.TLS_ROOT_CERTS.value: read(root)}
    try:
        with dbapi.connect(f"grpc+tls://{flights}", db_kwargs=trusted | options, autocommit=True) as con, con.cursor() as cur:
            cur.execute("SELECT 1")
            print(name, cur.fetchall())
    except dbapi.Error as e:
        print(name, "UNAUTHENTICATED" if "could not be established" in str(e) else e)


adbc("adbc", username="wang", password=password)
adbc("adbc, token", username="wang", password=token)
adbc("adbc, certificate", **{flightsql.DatabaseOptions.MTLS_CERT_CHAIN.value: read(cert), flightsql.DatabaseOptions.MTLS_PRIVATE_KEY.value: read(key)})
adbc("adbc, nothing")


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    return bytes([number << 3 | 2]) + varint(len(value)) + value


def arrow(name, **options):
    con = flight.connect(f"grpc+tls://{flights}", tls_root_certs=read(root), **options)
    query = field(1, b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery") + field(2, field(1, b"SELECT 1"))
    try:
        info = con.get_flight_info(flight.FlightDescriptor.for_command(query))
        print(name, con.do_get(info.endpoints[0].ticket).read_all().to_pylist())
    except flight.FlightError as e:
        print(name, type(e).__name__)
    con.close()


arrow("pyarrow, certificate", cert_chain=read(cert), private_key=read(key))
arrow("pyarrow, nothing")
