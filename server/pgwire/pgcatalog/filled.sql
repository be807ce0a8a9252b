-- Primary keys, and the indexes that they have in PostgreSQL.
UPDATE pgc.pg_attribute SET attnotnull = true WHERE (attrelid, attnum) IN (SELECT (relid, attnum) FROM pgc.lianji_keys);
INSERT INTO pgc.pg_constraint BY NAME SELECT conid AS oid, name AS conname, relnamespace AS connamespace, 'p' AS contype, false AS condeferrable, false AS condeferred, true AS convalidated, relid AS conrelid, 0 AS contypid,
	min(indexid) AS conindid, 0 AS conparentid, 0 AS confrelid, ' ' AS confupdtype, ' ' AS confdeltype, ' ' AS confmatchtype, true AS conislocal, 0 AS coninhcount, true AS connoinherit, list(attnum ORDER BY place) AS conkey
	FROM pgc.lianji_keys GROUP BY relid, conid, name, relnamespace;
INSERT INTO pgc.pg_index BY NAME SELECT k.indexid AS indexrelid, k.relid AS indrelid, count(*) AS indnatts, count(*) AS indnkeyatts, true AS indisunique, false AS indnullsnotdistinct, true AS indisprimary, false AS indisexclusion, true AS indimmediate,
	false AS indisclustered, true AS indisvalid, false AS indcheckxmin, true AS indisready, true AS indislive, false AS indisreplident, list(k.attnum ORDER BY k.place) AS indkey, list(a.attcollation ORDER BY k.place) AS indcollation,
	list(coalesce(o.oid, 0) ORDER BY k.place) AS indclass, list(0 ORDER BY k.place) AS indoption
	FROM pgc.lianji_keys k JOIN pgc.pg_attribute a ON a.attrelid = k.relid AND a.attnum = k.attnum JOIN pgc.pg_type t ON t.oid = a.atttypid LEFT JOIN pgc.pg_opclass o ON o.opcintype = CASE WHEN t.typcategory = 'A' THEN 2277 ELSE t.oid END GROUP BY k.indexid, k.relid;
INSERT INTO pgc.pg_depend BY NAME SELECT DISTINCT 1259 AS classid, indexid AS objid, 0 AS objsubid, 2606 AS refclassid, conid AS refobjid, 0 AS refobjsubid, 'i' AS deptype FROM pgc.lianji_keys;
INSERT INTO isc.table_constraints BY NAME SELECT DISTINCT lianji_session('database') AS constraint_catalog, schema AS constraint_schema, name AS constraint_name, lianji_session('database') AS table_catalog, schema AS table_schema, relname AS table_name,
	'PRIMARY KEY' AS constraint_type, 'NO' AS is_deferrable, 'NO' AS initially_deferred, 'YES' AS enforced FROM pgc.lianji_keys;
INSERT INTO isc.key_column_usage BY NAME SELECT lianji_session('database') AS constraint_catalog, schema AS constraint_schema, name AS constraint_name, lianji_session('database') AS table_catalog, schema AS table_schema, relname AS table_name,
	attname AS column_name, place AS ordinal_position FROM pgc.lianji_keys;
INSERT INTO isc.constraint_column_usage BY NAME SELECT lianji_session('database') AS table_catalog, schema AS table_schema, relname AS table_name, attname AS column_name, lianji_session('database') AS constraint_catalog, schema AS constraint_schema,
	name AS constraint_name FROM pgc.lianji_keys;
-- Views over what was put in from the snapshot.

CREATE VIEW pgc.pg_tables AS SELECT s.nspname AS schemaname, c.relname AS tablename, pgc.pg_get_userbyid(c.relowner) AS tableowner, NULL::VARCHAR AS tablespace, c.relhasindex AS hasindexes, false AS hasrules, false AS hastriggers, false AS rowsecurity
	FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE c.relkind = 'r';
CREATE VIEW pgc.pg_indexes AS SELECT s.nspname AS schemaname, c.relname AS tablename, x.relname AS indexname, NULL::VARCHAR AS tablespace, pgc.pg_get_indexdef(i.indexrelid) AS indexdef
	FROM pgc.pg_index i JOIN pgc.pg_class c ON c.oid = i.indrelid JOIN pgc.pg_class x ON x.oid = i.indexrelid JOIN pgc.pg_namespace s ON s.oid = c.relnamespace;
-- Nobody counts what is read of a table or in it.
CREATE VIEW pgc.pg_stat_all_indexes AS SELECT i.indrelid AS relid, i.indexrelid, s.nspname AS schemaname, c.relname, x.relname AS indexrelname, NULL::BIGINT AS idx_scan, NULL::BIGINT AS idx_tup_read, NULL::BIGINT AS idx_tup_fetch
	FROM pgc.pg_index i JOIN pgc.pg_class c ON c.oid = i.indrelid JOIN pgc.pg_class x ON x.oid = i.indexrelid JOIN pgc.pg_namespace s ON s.oid = c.relnamespace;
CREATE VIEW pgc.pg_stat_user_indexes AS FROM pgc.pg_stat_all_indexes;
CREATE VIEW pgc.pg_stat_sys_indexes AS FROM pgc.pg_stat_all_indexes WHERE false;
CREATE VIEW pgc.pg_stat_all_tables AS SELECT c.oid AS relid, s.nspname AS schemaname, c.relname, NULL::BIGINT AS seq_scan, NULL::BIGINT AS seq_tup_read, NULL::BIGINT AS idx_scan, NULL::BIGINT AS idx_tup_fetch, NULL::BIGINT AS n_tup_ins, NULL::BIGINT AS n_tup_upd, NULL::BIGINT AS n_tup_del, NULL::BIGINT AS n_tup_hot_upd, NULL::BIGINT AS n_live_tup, NULL::BIGINT AS n_dead_tup, NULL::BIGINT AS n_mod_since_analyze, NULL::BIGINT AS n_ins_since_vacuum, NULL::TIMESTAMPTZ AS last_vacuum, NULL::TIMESTAMPTZ AS last_autovacuum, NULL::TIMESTAMPTZ AS last_analyze, NULL::TIMESTAMPTZ AS last_autoanalyze, NULL::BIGINT AS vacuum_count, NULL::BIGINT AS autovacuum_count, NULL::BIGINT AS analyze_count, NULL::BIGINT AS autoanalyze_count FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE c.relkind = 'r';
CREATE VIEW pgc.pg_stat_user_tables AS FROM pgc.pg_stat_all_tables;
CREATE VIEW pgc.pg_stat_sys_tables AS FROM pgc.pg_stat_all_tables WHERE false;
CREATE VIEW isc.schemata AS SELECT lianji_session('database') AS catalog_name, nspname AS schema_name, pgc.pg_get_userbyid(nspowner) AS schema_owner, NULL::VARCHAR AS default_character_set_catalog, NULL::VARCHAR AS default_character_set_schema, NULL::VARCHAR AS default_character_set_name, NULL::VARCHAR AS sql_path FROM pgc.pg_namespace;
CREATE VIEW isc.tables AS SELECT lianji_session('database') AS table_catalog, s.nspname AS table_schema, c.relname AS table_name, 'BASE TABLE' AS table_type, NULL::VARCHAR AS self_referencing_column_name, NULL::VARCHAR AS reference_generation, NULL::VARCHAR AS user_defined_type_catalog, NULL::VARCHAR AS user_defined_type_schema, NULL::VARCHAR AS user_defined_type_name, 'NO' AS is_insertable_into, 'NO' AS is_typed, NULL::VARCHAR AS commit_action
	FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE c.relkind = 'r';
CREATE VIEW isc.views AS SELECT NULL::VARCHAR AS table_catalog, NULL::VARCHAR AS table_schema, NULL::VARCHAR AS table_name, NULL::VARCHAR AS view_definition, 'NONE' AS check_option, 'NO' AS is_updatable, 'NO' AS is_insertable_into WHERE false;
CREATE VIEW isc.columns AS SELECT lianji_session('database') AS table_catalog, s.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name, a.attnum::INTEGER AS ordinal_position, NULL::VARCHAR AS column_default, CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
	CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' ELSE pgc.format_type(a.atttypid, -1) END AS data_type,
	NULL::INTEGER AS character_maximum_length, CASE WHEN a.atttypid = 25 THEN 1073741824 END AS character_octet_length,
	CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN a.atttypmod > 4 THEN (a.atttypmod - 4) >> 16 END END AS numeric_precision,
	CASE WHEN a.atttypid IN (20, 21, 23, 700, 701) THEN 2 WHEN a.atttypid = 1700 THEN 10 END AS numeric_precision_radix,
	CASE WHEN a.atttypid IN (20, 21, 23) THEN 0 WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN (a.atttypmod - 4) & 65535 END AS numeric_scale,
	CASE WHEN a.atttypid = 1082 THEN 0 WHEN a.atttypid IN (1083, 1114, 1184, 1186) THEN 6 END AS datetime_precision, NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision,
	NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema, NULL::VARCHAR AS character_set_name, NULL::VARCHAR AS collation_catalog, NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name,
	NULL::VARCHAR AS domain_catalog, NULL::VARCHAR AS domain_schema, NULL::VARCHAR AS domain_name, lianji_session('database') AS udt_catalog, 'pg_catalog' AS udt_schema, t.typname AS udt_name,
	NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name, NULL::INTEGER AS maximum_cardinality, a.attnum::VARCHAR AS dtd_identifier, 'NO' AS is_self_referencing, 'NO' AS is_identity, NULL::VARCHAR AS identity_generation, NULL::VARCHAR AS identity_start, NULL::VARCHAR AS identity_increment, NULL::VARCHAR AS identity_maximum, NULL::VARCHAR AS identity_minimum, 'NO' AS identity_cycle, 'NEVER' AS is_generated, NULL::VARCHAR AS generation_expression, 'NO' AS is_updatable
	FROM pgc.pg_attribute a JOIN pgc.pg_class c ON c.oid = a.attrelid JOIN pgc.pg_namespace s ON s.oid = c.relnamespace JOIN pgc.pg_type t ON t.oid = a.atttypid WHERE a.attnum > 0 AND c.relkind = 'r';
CREATE TABLE pgc.pg_keywords AS SELECT keyword_name AS word, CASE keyword_category WHEN 'reserved' THEN 'R' WHEN 'unreserved' THEN 'U' WHEN 'column_name' THEN 'C' ELSE 'T' END AS catcode, keyword_category AS catdesc FROM duckdb_keywords();
-- Every grant opens reading alone.
CREATE VIEW isc.table_privileges AS SELECT pgc.pg_get_userbyid(c.relowner) AS grantor, pgc.pg_get_userbyid(c.relowner) AS grantee, lianji_session('database') AS table_catalog, s.nspname AS table_schema, c.relname AS table_name, 'SELECT' AS privilege_type, 'NO' AS is_grantable, 'YES' AS with_hierarchy
	FROM pgc.pg_class c JOIN pgc.pg_namespace s ON s.oid = c.relnamespace WHERE c.relkind = 'r';
CREATE VIEW isc.column_privileges AS SELECT t.grantor, t.grantee, t.table_catalog, t.table_schema, t.table_name, c.column_name, t.privilege_type, t.is_grantable
	FROM isc.table_privileges t JOIN isc.columns c USING (table_schema, table_name);
CREATE VIEW isc.role_table_grants AS FROM isc.table_privileges;
CREATE VIEW isc.role_column_grants AS FROM isc.column_privileges;
