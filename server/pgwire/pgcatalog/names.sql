-- What stands beside the relations: the names of PostgreSQL's types that DuckDB has not,
-- functions, and the views of the SQL standard's information schema.

CREATE TYPE pgc.name AS VARCHAR;
CREATE TYPE pgc.regclass AS UINTEGER;
CREATE TYPE pgc.regtype AS UINTEGER;
CREATE TYPE pgc.regproc AS UINTEGER;
CREATE TYPE pgc.regprocedure AS UINTEGER;
CREATE TYPE pgc.regnamespace AS UINTEGER;
CREATE TYPE pgc.regrole AS UINTEGER;
CREATE TYPE pgc.xid AS UINTEGER;

CREATE TABLE pgc.lianji_classes AS FROM (VALUES (1259::UINTEGER, 'pg_class'), (2615, 'pg_namespace'), (1247, 'pg_type'), (1255, 'pg_proc'), (1249, 'pg_attribute'), (2606, 'pg_constraint'), (1262, 'pg_database'), (2604, 'pg_attrdef'), (2620, 'pg_trigger'), (2618, 'pg_rewrite'), (1260, 'pg_authid'), (3079, 'pg_extension'), (2610, 'pg_index')) t(oid, name);
CREATE TABLE pgc.lianji_long AS FROM (VALUES ('bool', 'boolean'), ('int2', 'smallint'), ('int4', 'integer'), ('int8', 'bigint'), ('float4', 'real'), ('float8', 'double precision'), ('varchar', 'character varying'), ('bpchar', 'character'),
	('time', 'time without time zone'), ('timetz', 'time with time zone'), ('timestamp', 'timestamp without time zone'), ('timestamptz', 'timestamp with time zone'), ('char', '"char"'), ('varbit', 'bit varying')) t(name, long);

CREATE MACRO pgc.version() AS lianji_session('version');
CREATE MACRO pgc.current_schemas(implicit) AS CASE WHEN implicit THEN ['pg_catalog', 'public'] ELSE ['public'] END;
CREATE MACRO pgc.current_schema() AS 'public';
-- What is looked up is taken where no column is in sight: a column of the statement's that
-- is named like one of the relations in here is another.
CREATE MACRO pgc.pg_get_userbyid(o) AS (SELECT (SELECT rolname FROM pgc.pg_roles WHERE oid = q.a) FROM (SELECT o AS a) q);
CREATE MACRO pgc.pg_table_is_visible(o) AS true;
CREATE MACRO pgc.lianji_path(path, implicit) AS CASE WHEN implicit THEN ['pg_catalog'] || path ELSE path END;
-- What of its name is first on the path.
CREATE MACRO pgc.lianji_visible(path, o) AS (SELECT coalesce((SELECT bool_or(v.seen) FROM (
	SELECT c.oid, row_number() OVER (PARTITION BY c.relname ORDER BY list_position(path, s.nspname)) = 1 AS seen FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE list_contains(path, s.nspname)) v WHERE v.oid = q.w), false) FROM (SELECT o AS w) q);
CREATE MACRO pgc.pg_type_is_visible(o) AS true;
CREATE MACRO pgc.pg_function_is_visible(o) AS true;
CREATE MACRO pgc.pg_operator_is_visible(o) AS true;
CREATE MACRO pgc.pg_collation_is_visible(o) AS true;
CREATE MACRO pgc.pg_opclass_is_visible(o) AS true;
CREATE MACRO pgc.pg_opfamily_is_visible(o) AS true;
CREATE MACRO pgc.pg_conversion_is_visible(o) AS true;
CREATE MACRO pgc.pg_statistics_obj_is_visible(o) AS true;
CREATE MACRO pgc.getdatabaseencoding() AS 'UTF8';
CREATE MACRO pgc.pg_is_other_temp_schema(o) AS false;
CREATE MACRO pgc.pg_my_temp_schema() AS 0;
CREATE MACRO pgc.pg_is_in_recovery() AS false;
CREATE MACRO pgc.pg_encoding_to_char(e) AS 'UTF8';
CREATE MACRO pgc.pg_get_expr(e, o) AS NULL::VARCHAR, (e, o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_viewdef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_constraintdef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_indexdef(o) AS NULL::VARCHAR, (o, n, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_triggerdef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_ruledef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_partkeydef(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_serial_sequence(t, c) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_statisticsobjdef_columns(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_result(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_arguments(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_identity_arguments(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_functiondef(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_relation_size(o) AS 0::BIGINT, (o, fork) AS 0::BIGINT;
CREATE MACRO pgc.pg_table_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_total_relation_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_indexes_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_database_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_size_pretty(n) AS n::VARCHAR || ' bytes';
CREATE MACRO pgc.pg_tablespace_location(o) AS '';
CREATE MACRO pgc.pg_relation_is_publishable(o) AS false;
CREATE MACRO pgc.pg_relation_filenode(o) AS NULL::UINTEGER;
CREATE MACRO pgc.pg_char_to_encoding(n) AS 6;
CREATE MACRO pgc.pg_postmaster_start_time() AS NULL::TIMESTAMPTZ;
CREATE MACRO pgc.pg_advisory_unlock_all() AS NULL::VARCHAR;
CREATE MACRO pgc.txid_current() AS 0::BIGINT;
CREATE MACRO pgc.row_security_active(o) AS false;
-- Of a list of privileges one is enough; none may be granted further.
CREATE MACRO pgc.lianji_may(open, asked) AS list_contains(list_transform(string_split(upper(asked), ','), lambda p: trim(p)), open);
CREATE MACRO pgc.has_table_privilege(t, p) AS pgc.lianji_may('SELECT', p), (u, t, p) AS pgc.lianji_may('SELECT', p);
CREATE MACRO pgc.has_schema_privilege(s, p) AS pgc.lianji_may('USAGE', p), (u, s, p) AS pgc.lianji_may('USAGE', p);
CREATE MACRO pgc.has_column_privilege(t, c, p) AS pgc.lianji_may('SELECT', p), (u, t, c, p) AS pgc.lianji_may('SELECT', p);
CREATE MACRO pgc.has_any_column_privilege(t, p) AS pgc.lianji_may('SELECT', p), (u, t, p) AS pgc.lianji_may('SELECT', p);
CREATE MACRO pgc.has_database_privilege(d, p) AS pgc.lianji_may('CONNECT', p), (u, d, p) AS pgc.lianji_may('CONNECT', p);
CREATE MACRO pgc.has_function_privilege(f, p) AS true, (u, f, p) AS true;
CREATE MACRO pgc.has_sequence_privilege(f, p) AS true, (u, f, p) AS true;
CREATE MACRO pgc.has_type_privilege(f, p) AS true, (u, f, p) AS true;
CREATE MACRO pgc.pg_has_role(r, p) AS true, (u, r, p) AS true;
CREATE MACRO pgc.inet_server_addr() AS NULL::VARCHAR;
CREATE MACRO pgc.inet_server_port() AS NULL::INTEGER;
CREATE MACRO pgc.inet_client_addr() AS NULL::VARCHAR;
CREATE MACRO pgc.inet_client_port() AS NULL::INTEGER;
CREATE MACRO pgc.array_upper(a, n) AS CASE WHEN len(a) > 0 THEN len(a)::INTEGER END;
CREATE MACRO pgc.array_lower(a, n) AS CASE WHEN len(a) > 0 THEN 1 END;
CREATE MACRO pgc.lianji_setting(n) AS CASE WHEN n IS NULL THEN NULL::VARCHAR END;
CREATE MACRO pgc.quote_ident(n) AS (list_transform([n], lambda v: CASE WHEN regexp_full_match(v, '[a-z_][a-z0-9_$]*') THEN v ELSE '"' || replace(v, '"', '""') || '"' END))[1];
CREATE MACRO pgc.quote_literal(n) AS '''' || replace(n, '''', '''''') || '''';
CREATE MACRO pgc.obj_description(o) AS (SELECT (SELECT description FROM pgc.pg_description WHERE objoid = q.a AND objsubid = 0 LIMIT 1) FROM (SELECT o AS a) q), (o, c) AS (SELECT (SELECT description FROM pgc.pg_description d WHERE d.objoid = q.a AND d.objsubid = 0 AND d.classoid = (SELECT k.oid FROM pgc.lianji_classes k WHERE k.name = q.b) LIMIT 1) FROM (SELECT o AS a, c AS b) q);
CREATE MACRO pgc.shobj_description(o, c) AS NULL::VARCHAR;
CREATE MACRO pgc.col_description(o, n) AS (SELECT (SELECT description FROM pgc.pg_description WHERE objoid = q.a AND objsubid = q.b LIMIT 1) FROM (SELECT o AS a, n AS b) q);
CREATE MACRO pgc.format_type(t, m) AS (SELECT (SELECT CASE
	WHEN x.typelem <> 0 AND x.typname[1] = '_' THEN (SELECT coalesce(k.long, e.typname) FROM pgc.pg_type e LEFT JOIN pgc.lianji_long k ON k.name = e.typname WHERE e.oid = x.typelem) || '[]'
	WHEN x.typname = 'numeric' AND q.b > 4 THEN 'numeric(' || ((q.b - 4) >> 16)::VARCHAR || ',' || ((q.b - 4) & 65535)::VARCHAR || ')'
	ELSE coalesce((SELECT k.long FROM pgc.lianji_long k WHERE k.name = x.typname), x.typname) END
	FROM pgc.pg_type x WHERE x.oid = q.a) FROM (SELECT t AS a, m AS b) q);
CREATE MACRO isc._pg_expandarray(a) AS unnest(list_transform(a, lambda v, i: {'x': v, 'n': i}));
CREATE MACRO isc._pg_truetypid(a, t) AS a.atttypid;
CREATE MACRO isc._pg_truetypmod(a, t) AS a.atttypmod;

INSERT INTO pgc.pg_am BY NAME SELECT 2::UINTEGER AS oid, 'heap' AS amname, 't' AS amtype;
INSERT INTO pgc.pg_language BY NAME SELECT 12::UINTEGER AS oid, 'internal' AS lanname;
INSERT INTO pgc.pg_collation BY NAME SELECT 100::UINTEGER AS oid, 'default' AS collname, 11 AS collnamespace, 'd' AS collprovider UNION ALL BY NAME SELECT 950 AS oid, 'C' AS collname, 11 AS collnamespace, 'c' AS collprovider;
INSERT INTO pgc.pg_tablespace BY NAME SELECT 1663::UINTEGER AS oid, 'pg_default' AS spcname;
