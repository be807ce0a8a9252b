-- regclass and its kin: what they make of a name or of an OID, and the names that they show.

CREATE TABLE pgc.lianji_types AS SELECT oid, typname, pgc.format_type(oid, -1) AS name, true AS shown FROM pgc.pg_type
	UNION ALL FROM (VALUES (23::UINTEGER, 'int', 'int4', false), (1700, 'decimal', 'dec', false), (701, 'float', 'float', false)) t;

CREATE MACRO pgc.to_regproc(n) AS (SELECT (SELECT min(p.oid) FROM pgc.pg_proc p WHERE p.proname = q.a) FROM (SELECT replace(n, 'pg_catalog.', '') AS a) q);
CREATE MACRO pgc.to_regprocedure(n) AS pgc.to_regproc(split_part(n, '(', 1));
CREATE MACRO pgc.to_regtype(n) AS (SELECT (SELECT min(t.oid) FROM pgc.lianji_types t WHERE q.a IN (t.typname, t.name)) FROM (SELECT replace(n, 'pg_catalog.', '') AS a) q);
CREATE MACRO pgc.to_regnamespace(n) AS (SELECT (SELECT min(s.oid) FROM pgc.pg_namespace s WHERE s.nspname = q.a) FROM (SELECT replace(n, '"', '') AS a) q);
CREATE MACRO pgc.to_regrole(n) AS (SELECT (SELECT min(r.oid) FROM pgc.pg_roles r WHERE r.rolname = q.a) FROM (SELECT replace(n, '"', '') AS a) q);
-- Each look-up compares with one text, so that it is a join and not a loop.
CREATE MACRO pgc.to_regclass(n) AS (SELECT coalesce(
	(SELECT min(k.oid) FROM pgc.lianji_classes k WHERE k.name = q.a),
	(SELECT min(k.oid) FROM pgc.lianji_classes k WHERE 'pg_catalog.' || k.name = q.a),
	(SELECT min(c.oid) FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname || '.' || c.relname = q.b),
	(SELECT min(c.oid) FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = 'public' AND c.relname = q.b))
	FROM (SELECT n AS a, replace(n, '"', '') AS b) q);
-- A name that is written out and that there is not is an error, which lianji tells by its first word.
CREATE MACRO pgc.lianji_no_class(n) AS (SELECT CASE WHEN q.o IS NULL AND q.a IS NOT NULL THEN error('lianji_no_class ' || q.a)::UINTEGER ELSE q.o END FROM (SELECT pgc.to_regclass(n) AS o, n AS a) q);
-- The same of a name without a schema that is looked for on a search path.
CREATE MACRO pgc.lianji_class_on(path, n) AS (SELECT CASE WHEN q.o IS NULL AND q.p IS NULL AND q.a IS NOT NULL THEN error('lianji_no_class ' || q.a)::UINTEGER ELSE coalesce(q.o, q.p) END FROM (SELECT pgc.to_regclass(n) AS o, n AS a, (
	SELECT arg_min(c.oid, list_position(path, s.nspname)) FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE list_contains(path, s.nspname) AND c.relname = replace(n, '"', '')) AS p) q);
CREATE MACRO pgc.lianji_no_proc(n) AS (SELECT CASE WHEN q.o IS NULL AND q.a IS NOT NULL THEN error('lianji_no_proc ' || q.a)::UINTEGER ELSE q.o END FROM (SELECT pgc.to_regprocedure(n) AS o, n AS a) q);
CREATE MACRO pgc.lianji_regclass(x) AS (SELECT coalesce(TRY_CAST(q.v AS UINTEGER), pgc.to_regclass(q.v)) FROM (SELECT CAST(x AS VARCHAR) AS v) q);
CREATE MACRO pgc.lianji_regtype(x) AS (SELECT coalesce(TRY_CAST(q.v AS UINTEGER), pgc.to_regtype(q.v)) FROM (SELECT CAST(x AS VARCHAR) AS v) q);
CREATE MACRO pgc.lianji_regproc(x) AS (SELECT coalesce(TRY_CAST(q.v AS UINTEGER), pgc.to_regproc(q.v)) FROM (SELECT CAST(x AS VARCHAR) AS v) q);
CREATE MACRO pgc.lianji_regprocedure(x) AS (SELECT coalesce(TRY_CAST(q.v AS UINTEGER), pgc.to_regprocedure(q.v)) FROM (SELECT CAST(x AS VARCHAR) AS v) q);
CREATE MACRO pgc.lianji_regnamespace(x) AS (SELECT coalesce(TRY_CAST(q.v AS UINTEGER), pgc.to_regnamespace(q.v)) FROM (SELECT CAST(x AS VARCHAR) AS v) q);
CREATE MACRO pgc.lianji_regrole(x) AS (SELECT coalesce(TRY_CAST(q.v AS UINTEGER), pgc.to_regrole(q.v)) FROM (SELECT CAST(x AS VARCHAR) AS v) q);
CREATE MACRO pgc.lianji_name(n) AS CASE WHEN pgc.lianji_plain(n) THEN n ELSE '"' || replace(n, '"', '""') || '"' END;
CREATE MACRO pgc.lianji_regclass_name(x) AS (SELECT coalesce(
	(SELECT min(k.name) FROM pgc.lianji_classes k WHERE k.oid = q.v),
	(SELECT min(CASE s.nspname WHEN 'public' THEN '' ELSE pgc.lianji_name(s.nspname) || '.' END || pgc.lianji_name(c.relname)) FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = q.v),
	CASE q.v WHEN 0 THEN '-' ELSE q.v::VARCHAR END) FROM (SELECT pgc.lianji_regclass(x) AS v) q);
CREATE MACRO pgc.lianji_regtype_name(x) AS (SELECT coalesce((SELECT min(t.name) FROM pgc.lianji_types t WHERE t.oid = q.v AND t.shown), CASE q.v WHEN 0 THEN '-' ELSE q.v::VARCHAR END) FROM (SELECT pgc.lianji_regtype(x) AS v) q);
CREATE MACRO pgc.lianji_regtype_list(x) AS (SELECT CASE WHEN q.v IS NOT NULL THEN array(SELECT pgc.lianji_regtype_name(u.v) FROM (SELECT unnest(q.v) AS v) u) END FROM (SELECT x AS v) q);
CREATE MACRO pgc.lianji_regproc_name(x) AS (SELECT coalesce((SELECT min(p.proname) FROM pgc.pg_proc p WHERE p.oid = q.v), CASE q.v WHEN 0 THEN '-' ELSE q.v::VARCHAR END) FROM (SELECT pgc.lianji_regproc(x) AS v) q);
CREATE MACRO pgc.lianji_regprocedure_name(x) AS pgc.lianji_regproc_name(x);
CREATE MACRO pgc.lianji_regnamespace_name(x) AS (SELECT coalesce((SELECT min(pgc.lianji_name(s.nspname)) FROM pgc.pg_namespace s WHERE s.oid = q.v), CASE q.v WHEN 0 THEN '-' ELSE q.v::VARCHAR END) FROM (SELECT pgc.lianji_regnamespace(x) AS v) q);
CREATE MACRO pgc.lianji_regrole_name(x) AS (SELECT coalesce((SELECT min(pgc.lianji_name(r.rolname)) FROM pgc.pg_roles r WHERE r.oid = q.v), CASE q.v WHEN 0 THEN '-' ELSE q.v::VARCHAR END) FROM (SELECT pgc.lianji_regrole(x) AS v) q);
