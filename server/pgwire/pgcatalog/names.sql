-- What stands beside the relations: the names of PostgreSQL's types that DuckDB has not,
-- functions, and the views of the SQL standard's information schema.

CREATE TYPE pgc.name AS VARCHAR;
CREATE TYPE pgc.regclass AS UINTEGER;
CREATE TYPE pgc.regtype AS UINTEGER;
CREATE TYPE pgc.regproc AS UINTEGER;
CREATE TYPE pgc.regprocedure AS UINTEGER;
CREATE TYPE pgc.regnamespace AS UINTEGER;
CREATE TYPE pgc.regrole AS UINTEGER;
CREATE TYPE pgc.regoper AS UINTEGER;
CREATE TYPE pgc.regoperator AS UINTEGER;
CREATE TYPE pgc.regconfig AS UINTEGER;
CREATE TYPE pgc.regdictionary AS UINTEGER;
CREATE TYPE pgc.regcollation AS UINTEGER;
CREATE TYPE pgc.xid AS UINTEGER;
CREATE TYPE pgc.xid8 AS UBIGINT;
CREATE TYPE pgc.cid AS UINTEGER;
CREATE TYPE pgc.aclitem AS VARCHAR;
CREATE TYPE pgc.cstring AS VARCHAR;
CREATE TYPE pgc.pg_node_tree AS VARCHAR;
CREATE TYPE pgc.int2vector AS USMALLINT[];
CREATE TYPE pgc.oidvector AS UBIGINT[];

CREATE TABLE pgc.lianji_classes AS FROM (VALUES (826::UINTEGER, 'pg_default_acl'), (1213, 'pg_tablespace'), (1214, 'pg_shdepend'), (1247, 'pg_type'), (1249, 'pg_attribute'), (1255, 'pg_proc'), (1259, 'pg_class'), (1260, 'pg_authid'), (1261, 'pg_auth_members'), (1262, 'pg_database'), (1417, 'pg_foreign_server'), (1418, 'pg_user_mapping'), (2224, 'pg_sequence'), (2328, 'pg_foreign_data_wrapper'), (2396, 'pg_shdescription'), (2600, 'pg_aggregate'), (2601, 'pg_am'), (2602, 'pg_amop'), (2603, 'pg_amproc'), (2604, 'pg_attrdef'), (2605, 'pg_cast'), (2606, 'pg_constraint'), (2607, 'pg_conversion'), (2608, 'pg_depend'), (2609, 'pg_description'), (2610, 'pg_index'), (2611, 'pg_inherits'), (2612, 'pg_language'), (2613, 'pg_largeobject'), (2615, 'pg_namespace'), (2616, 'pg_opclass'), (2617, 'pg_operator'), (2618, 'pg_rewrite'), (2619, 'pg_statistic'), (2620, 'pg_trigger'), (2753, 'pg_opfamily'), (2964, 'pg_db_role_setting'), (2995, 'pg_largeobject_metadata'), (3079, 'pg_extension'), (3118, 'pg_foreign_table'), (3256, 'pg_policy'), (3350, 'pg_partitioned_table'), (3381, 'pg_statistic_ext'), (3394, 'pg_init_privs'), (3429, 'pg_statistic_ext_data'), (3456, 'pg_collation'), (3466, 'pg_event_trigger'), (3501, 'pg_enum'), (3541, 'pg_range'), (3576, 'pg_transform'), (3592, 'pg_shseclabel'), (3596, 'pg_seclabel'), (3600, 'pg_ts_dict'), (3601, 'pg_ts_parser'), (3602, 'pg_ts_config'), (3603, 'pg_ts_config_map'), (3764, 'pg_ts_template'), (6000, 'pg_replication_origin'), (6100, 'pg_subscription'), (6102, 'pg_subscription_rel'), (6104, 'pg_publication'), (6106, 'pg_publication_rel'), (6237, 'pg_publication_namespace'), (6243, 'pg_parameter_acl'), (12000, 'pg_roles'), (12005, 'pg_shadow'), (12010, 'pg_group'), (12014, 'pg_user'), (12018, 'pg_policies'), (12023, 'pg_rules'), (12028, 'pg_views'), (12033, 'pg_tables'), (12038, 'pg_matviews'), (12043, 'pg_indexes'), (12048, 'pg_sequences'), (12053, 'pg_stats'), (12058, 'pg_stats_ext'), (12063, 'pg_stats_ext_exprs'), (12068, 'pg_publication_tables'), (12073, 'pg_locks'), (12077, 'pg_cursors'), (12081, 'pg_available_extensions'), (12085, 'pg_available_extension_versions'), (12090, 'pg_prepared_xacts'), (12095, 'pg_prepared_statements'), (12099, 'pg_seclabels'), (12104, 'pg_settings'), (12110, 'pg_file_settings'), (12114, 'pg_hba_file_rules'), (12118, 'pg_ident_file_mappings'), (12122, 'pg_timezone_abbrevs'), (12126, 'pg_timezone_names'), (12130, 'pg_config'), (12134, 'pg_shmem_allocations'), (12138, 'pg_backend_memory_contexts'), (12142, 'pg_stat_all_tables'), (12147, 'pg_stat_xact_all_tables'), (12152, 'pg_stat_sys_tables'), (12157, 'pg_stat_xact_sys_tables'), (12161, 'pg_stat_user_tables'), (12166, 'pg_stat_xact_user_tables'), (12170, 'pg_statio_all_tables'), (12175, 'pg_statio_sys_tables'), (12179, 'pg_statio_user_tables'), (12183, 'pg_stat_all_indexes'), (12188, 'pg_stat_sys_indexes'), (12192, 'pg_stat_user_indexes'), (12196, 'pg_statio_all_indexes'), (12201, 'pg_statio_sys_indexes'), (12205, 'pg_statio_user_indexes'), (12209, 'pg_statio_all_sequences'), (12214, 'pg_statio_sys_sequences'), (12218, 'pg_statio_user_sequences'), (12222, 'pg_stat_activity'), (12227, 'pg_stat_replication'), (12232, 'pg_stat_slru'), (12236, 'pg_stat_wal_receiver'), (12240, 'pg_stat_recovery_prefetch'), (12244, 'pg_stat_subscription'), (12249, 'pg_stat_ssl'), (12253, 'pg_stat_gssapi'), (12257, 'pg_replication_slots'), (12262, 'pg_stat_replication_slots'), (12266, 'pg_stat_database'), (12271, 'pg_stat_database_conflicts'), (12275, 'pg_stat_user_functions'), (12280, 'pg_stat_xact_user_functions'), (12285, 'pg_stat_archiver'), (12289, 'pg_stat_bgwriter'), (12293, 'pg_stat_wal'), (12297, 'pg_stat_progress_analyze'), (12302, 'pg_stat_progress_vacuum'), (12307, 'pg_stat_progress_cluster'), (12312, 'pg_stat_progress_create_index'), (12317, 'pg_stat_progress_basebackup'), (12322, 'pg_stat_progress_copy'), (12327, 'pg_user_mappings'), (12332, 'pg_replication_origin_status'), (12336, 'pg_stat_subscription_stats'), (13227, 'information_schema.information_schema_catalog_name'), (13236, 'information_schema.applicable_roles'), (13241, 'information_schema.administrable_role_authorizations'), (13245, 'information_schema.attributes'), (13250, 'information_schema.character_sets'), (13255, 'information_schema.check_constraint_routine_usage'), (13260, 'information_schema.check_constraints'), (13265, 'information_schema.collations'), (13270, 'information_schema.collation_character_set_applicability'), (13275, 'information_schema.column_column_usage'), (13280, 'information_schema.column_domain_usage'), (13285, 'information_schema.column_privileges'), (13290, 'information_schema.column_udt_usage'), (13295, 'information_schema.columns'), (13300, 'information_schema.constraint_column_usage'), (13305, 'information_schema.constraint_table_usage'), (13310, 'information_schema.domain_constraints'), (13315, 'information_schema.domain_udt_usage'), (13320, 'information_schema.domains'), (13325, 'information_schema.enabled_roles'), (13329, 'information_schema.key_column_usage'), (13334, 'information_schema.parameters'), (13339, 'information_schema.referential_constraints'), (13344, 'information_schema.role_column_grants'), (13348, 'information_schema.routine_column_usage'), (13353, 'information_schema.routine_privileges'), (13358, 'information_schema.role_routine_grants'), (13362, 'information_schema.routine_routine_usage'), (13367, 'information_schema.routine_sequence_usage'), (13372, 'information_schema.routine_table_usage'), (13377, 'information_schema.routines'), (13382, 'information_schema.schemata'), (13386, 'information_schema.sequences'), (13391, 'information_schema.sql_features'), (13396, 'information_schema.sql_implementation_info'), (13401, 'information_schema.sql_parts'), (13406, 'information_schema.sql_sizing'), (13411, 'information_schema.table_constraints'), (13416, 'information_schema.table_privileges'), (13421, 'information_schema.role_table_grants'), (13425, 'information_schema.tables'), (13430, 'information_schema.transforms'), (13435, 'information_schema.triggered_update_columns'), (13440, 'information_schema.triggers'), (13445, 'information_schema.udt_privileges'), (13450, 'information_schema.role_udt_grants'), (13454, 'information_schema.usage_privileges'), (13459, 'information_schema.role_usage_grants'), (13463, 'information_schema.user_defined_types'), (13468, 'information_schema.view_column_usage'), (13473, 'information_schema.view_routine_usage'), (13478, 'information_schema.view_table_usage'), (13483, 'information_schema.views'), (13488, 'information_schema.data_type_privileges'), (13493, 'information_schema.element_types'), (13498, 'information_schema._pg_foreign_table_columns'), (13503, 'information_schema.column_options'), (13507, 'information_schema._pg_foreign_data_wrappers'), (13511, 'information_schema.foreign_data_wrapper_options'), (13515, 'information_schema.foreign_data_wrappers'), (13519, 'information_schema._pg_foreign_servers'), (13524, 'information_schema.foreign_server_options'), (13528, 'information_schema.foreign_servers'), (13532, 'information_schema._pg_foreign_tables'), (13537, 'information_schema.foreign_table_options'), (13541, 'information_schema.foreign_tables'), (13545, 'information_schema._pg_user_mappings'), (13550, 'information_schema.user_mapping_options'), (13555, 'information_schema.user_mappings')) t(oid, name);
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
CREATE MACRO pgc.pg_ts_config_is_visible(o) AS true;
CREATE MACRO pgc.pg_ts_dict_is_visible(o) AS true;
CREATE MACRO pgc.pg_ts_parser_is_visible(o) AS true;
CREATE MACRO pgc.pg_ts_template_is_visible(o) AS true;
CREATE MACRO pgc.pg_statistics_obj_is_visible(o) AS true;
CREATE MACRO pgc.getdatabaseencoding() AS 'UTF8';
CREATE MACRO pgc.pg_is_other_temp_schema(o) AS false;
CREATE MACRO pgc.pg_my_temp_schema() AS 0;
CREATE MACRO pgc.pg_is_in_recovery() AS false;
CREATE MACRO pgc.pg_encoding_to_char(e) AS 'UTF8';
CREATE MACRO pgc.pg_get_expr(e, o) AS NULL::VARCHAR, (e, o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_viewdef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_triggerdef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_ruledef(o) AS NULL::VARCHAR, (o, pretty) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_partkeydef(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_serial_sequence(t, c) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_statisticsobjdef_columns(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_result(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_arguments(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_identity_arguments(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_arg_default(o, n) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_function_sqlbody(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_statisticsobjdef(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_get_statisticsobjdef_expressions(o) AS NULL::VARCHAR[];
CREATE MACRO pgc.pg_get_partition_constraintdef(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_describe_object(c, o, n) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_sequence_last_value(o) AS NULL::BIGINT;
CREATE MACRO pgc.pg_partition_ancestors(o) AS unnest([]::UINTEGER[]);
CREATE MACRO pgc.pg_partition_root(o) AS NULL::UINTEGER;
-- Every index is a btree.
CREATE MACRO pgc.pg_index_column_has_property(o, n, p) AS (SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM pgc.lianji_keys k WHERE k.indexid = q.a AND k.place = q.b) THEN NULL
	WHEN q.c IN ('asc', 'nulls_last', 'orderable', 'returnable', 'search_array', 'search_nulls') THEN true WHEN q.c IN ('desc', 'nulls_first', 'distance_orderable') THEN false END FROM (SELECT o AS a, n AS b, lower(p) AS c) q);
CREATE MACRO pgc.pg_index_has_property(o, p) AS (SELECT CASE WHEN q.b IN ('clusterable', 'index_scan', 'bitmap_scan', 'backward_scan') AND EXISTS (SELECT 1 FROM pgc.lianji_keys k WHERE k.indexid = q.a) THEN true END FROM (SELECT o AS a, lower(p) AS b) q);
CREATE MACRO pgc.pg_indexam_has_property(o, p) AS CASE WHEN o = 403 AND lower(p) IN ('can_order', 'can_unique', 'can_multi_col', 'can_exclude', 'can_include') THEN true END;
CREATE MACRO pgc.pg_stat_get_numscans(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_stat_get_live_tuples(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_stat_get_dead_tuples(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_stat_get_tuples_returned(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_stat_get_tuples_fetched(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_blocking_pids(p) AS []::INTEGER[];
CREATE MACRO pgc.acldefault(k, o) AS NULL::VARCHAR[];
CREATE MACRO pgc.pg_get_functiondef(o) AS NULL::VARCHAR;
CREATE MACRO pgc.pg_relation_size(o) AS 0::BIGINT, (o, fork) AS 0::BIGINT;
CREATE MACRO pgc.pg_table_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_total_relation_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_indexes_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_database_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_size_pretty(n) AS n::VARCHAR || ' bytes';
CREATE MACRO pgc.pg_tablespace_location(o) AS '';
CREATE MACRO pgc.pg_tablespace_size(o) AS 0::BIGINT;
CREATE MACRO pgc.pg_column_size(v) AS NULL::INTEGER;
CREATE MACRO pgc.pg_relation_is_publishable(o) AS false;
CREATE MACRO pgc.pg_relation_filenode(o) AS NULL::UINTEGER;
CREATE MACRO pgc.pg_char_to_encoding(n) AS 6;
CREATE MACRO pgc.pg_postmaster_start_time() AS lianji_session('started')::TIMESTAMPTZ;
CREATE MACRO pgc.pg_conf_load_time() AS lianji_session('started')::TIMESTAMPTZ;
CREATE MACRO pgc.clock_timestamp() AS now();
CREATE MACRO pgc.statement_timestamp() AS now();
CREATE MACRO pgc.pg_is_wal_replay_paused() AS false;
CREATE MACRO pgc.pg_last_wal_receive_lsn() AS NULL::VARCHAR;
CREATE MACRO pgc.pg_last_wal_replay_lsn() AS NULL::VARCHAR;
CREATE MACRO pgc.pg_last_xact_replay_timestamp() AS NULL::TIMESTAMPTZ;
CREATE MACRO pgc.pg_jit_available() AS false;
CREATE MACRO pgc.pg_advisory_unlock_all() AS NULL::VARCHAR;
-- One transaction, 3, has written all that there is, and is the one that goes on: a program
-- that asks what is newer than what it has read is told all of it again.
CREATE MACRO pgc.txid_current() AS 3::BIGINT;
CREATE MACRO pgc.txid_current_if_assigned() AS NULL::BIGINT;
CREATE MACRO pgc.pg_current_xact_id() AS 3::UBIGINT;
CREATE MACRO pgc.pg_current_xact_id_if_assigned() AS NULL::UBIGINT;
CREATE MACRO pgc.pg_current_snapshot() AS '3:3:';
CREATE MACRO pgc.txid_current_snapshot() AS '3:3:';
CREATE MACRO pgc.mxid_age(x) AS ((1 - x::BIGINT + 6442450944) % 4294967296 - 2147483648)::INTEGER;
CREATE MACRO pgc.age(x) AS ((3 - x::BIGINT + 6442450944) % 4294967296 - 2147483648)::INTEGER, (a, b) AS main.age(a, b);
CREATE MACRO pgc.row_security_active(o) AS false;
-- Of a list of privileges one is enough; none may be granted further.
CREATE MACRO pgc.lianji_may(open, asked) AS list_contains(list_transform(string_split(upper(asked), ','), lambda p: trim(p)), open);
CREATE MACRO pgc.has_table_privilege(t, p) AS pgc.lianji_may('SELECT', p), (u, t, p) AS pgc.lianji_may('SELECT', p);
CREATE MACRO pgc.has_schema_privilege(s, p) AS pgc.lianji_may('USAGE', p), (u, s, p) AS pgc.lianji_may('USAGE', p);
CREATE MACRO pgc.has_column_privilege(t, c, p) AS pgc.lianji_may('SELECT', p), (u, t, c, p) AS pgc.lianji_may('SELECT', p);
CREATE MACRO pgc.has_any_column_privilege(t, p) AS pgc.lianji_may('SELECT', p), (u, t, p) AS pgc.lianji_may('SELECT', p);
CREATE MACRO pgc.has_database_privilege(d, p) AS pgc.lianji_may('CONNECT', p), (u, d, p) AS pgc.lianji_may('CONNECT', p);
CREATE MACRO pgc.has_foreign_data_wrapper_privilege(f, p) AS false, (u, f, p) AS false;
CREATE MACRO pgc.has_language_privilege(f, p) AS true, (u, f, p) AS true;
CREATE MACRO pgc.has_server_privilege(f, p) AS false, (u, f, p) AS false;
CREATE MACRO pgc.has_tablespace_privilege(f, p) AS false, (u, f, p) AS false;
CREATE MACRO pgc.has_parameter_privilege(f, p) AS false, (u, f, p) AS false;
CREATE MACRO pgc.has_function_privilege(f, p) AS true, (u, f, p) AS true;
CREATE MACRO pgc.has_sequence_privilege(f, p) AS true, (u, f, p) AS true;
CREATE MACRO pgc.has_type_privilege(f, p) AS true, (u, f, p) AS true;
CREATE MACRO pgc.pg_has_role(r, p) AS true, (u, r, p) AS true;
CREATE MACRO pgc.inet_server_addr() AS NULL::VARCHAR;
CREATE MACRO pgc.inet_server_port() AS NULL::INTEGER;
CREATE MACRO pgc.inet_client_addr() AS NULL::VARCHAR;
CREATE MACRO pgc.inet_client_port() AS NULL::INTEGER;
CREATE MACRO pgc.initcap(s) AS array_to_string(list_transform(regexp_extract_all(s, '[[:alnum:]\x{80}-\x{10ffff}]+|[^[:alnum:]\x{80}-\x{10ffff}]+'), lambda w: upper(w[1]) || lower(w[2:])), '');
CREATE MACRO pgc.lpad(s, n) AS main.lpad(s, n, ' '), (s, n, f) AS main.lpad(s, n, f);
CREATE MACRO pgc.rpad(s, n) AS main.rpad(s, n, ' '), (s, n, f) AS main.rpad(s, n, f);
CREATE MACRO pgc.to_hex(n) AS lower(main.to_hex(n));
CREATE MACRO pgc.div(a, b) AS trunc(a / b);
CREATE MACRO pgc.cardinality(a) AS len(a);
CREATE MACRO pgc.array_length(a, n) AS CASE WHEN len(a) > 0 AND n = 1 THEN len(a)::INTEGER END;
CREATE MACRO pgc.array_ndims(a) AS CASE WHEN len(a) > 0 THEN 1 END;
CREATE MACRO pgc.array_remove(a, x) AS list_filter(a, lambda lianji_item: lianji_item IS DISTINCT FROM x);
CREATE MACRO pgc.parse_ident(n) AS list_transform(regexp_extract_all(n, '"(?:[^"]|"")*"|[^." ]+'), lambda w: CASE WHEN w[1] = '"' THEN replace(w[2:-2], '""', '"') ELSE lower(w) END), (n, strict) AS list_transform(regexp_extract_all(n, '"(?:[^"]|"")*"|[^." ]+'), lambda w: CASE WHEN w[1] = '"' THEN replace(w[2:-2], '""', '"') ELSE lower(w) END);
-- What a list counts from: a vector counts from 0.
CREATE MACRO pgc.lianji_from(a) AS CASE WHEN typeof(a) IN ('USMALLINT[]', 'UBIGINT[]') THEN 0 ELSE 1 END;
CREATE MACRO pgc.array_upper(a, n) AS CASE WHEN len(a) > 0 AND n = 1 THEN len(a)::INTEGER - 1 + pgc.lianji_from(a) END;
CREATE MACRO pgc.array_lower(a, n) AS CASE WHEN len(a) > 0 AND n = 1 THEN pgc.lianji_from(a) END;
CREATE MACRO pgc.array_position(a, x) AS main.array_position(a, x) - 1 + pgc.lianji_from(a);
CREATE MACRO pgc.lianji_subscripts(a, n) AS generate_series(pgc.lianji_from(a), CASE WHEN n = 1 THEN len(a)::INTEGER ELSE 0 END - 1 + pgc.lianji_from(a));
CREATE MACRO pgc.int2vectorout(a) AS array_to_string(a, ' ');
CREATE MACRO pgc.oidvectorout(a) AS array_to_string(a, ' ');
CREATE MACRO pgc.textin(a) AS a::VARCHAR;
-- Functions that give rows: but for the first there is nothing for them to give.
CREATE VIEW pgc.pg_show_all_settings AS FROM pgc.pg_settings;
CREATE TABLE pgc.pg_options_to_table (option_name VARCHAR, option_value VARCHAR);
CREATE TABLE pgc.pg_partition_tree (relid UINTEGER, parentrelid UINTEGER, isleaf BOOLEAN, level INTEGER);
CREATE TABLE pgc.ts_token_type (tokid INTEGER, alias VARCHAR, description VARCHAR);
CREATE MACRO pgc.lianji_setting(n) AS (SELECT (SELECT s.setting FROM pgc.pg_settings s WHERE s.name = q.a) FROM (SELECT n AS a) q), (n, missing) AS (SELECT (SELECT s.setting FROM pgc.pg_settings s WHERE s.name = q.a) FROM (SELECT n AS a) q);
CREATE MACRO pgc.lianji_plain(v) AS regexp_full_match(v, '[a-z_][a-z0-9_]*') AND NOT regexp_full_match(v, 'all|analyse|analyze|and|any|array|as|asc|asymmetric|authorization|between|bigint|binary|bit|boolean|both|case|cast|char|character|check|coalesce|collate|collation|column|concurrently|constraint|create|cross|current_catalog|current_date|current_role|current_schema|current_time|current_timestamp|current_user|dec|decimal|default|deferrable|desc|distinct|do|else|end|except|exists|extract|false|fetch|float|for|foreign|freeze|from|full|grant|greatest|group|grouping|having|ilike|in|initially|inner|inout|int|integer|intersect|interval|into|is|isnull|join|lateral|leading|least|left|like|limit|localtime|localtimestamp|national|natural|nchar|none|normalize|not|notnull|null|nullif|numeric|offset|on|only|or|order|out|outer|overlaps|overlay|placing|position|precision|primary|real|references|returning|right|row|select|session_user|setof|similar|smallint|some|substring|symmetric|table|tablesample|then|time|timestamp|to|trailing|treat|trim|true|union|unique|user|using|values|varchar|variadic|verbose|when|where|window|with|xmlattributes|xmlconcat|xmlelement|xmlexists|xmlforest|xmlnamespaces|xmlparse|xmlpi|xmlroot|xmlserialize|xmltable');
CREATE MACRO pgc.quote_ident(n) AS (list_transform([n], lambda v: CASE WHEN pgc.lianji_plain(v) THEN v ELSE '"' || replace(v, '"', '""') || '"' END))[1];
-- Primary keys alone are known: their columns, one a row.
CREATE TABLE pgc.lianji_keys (relid UINTEGER, schema VARCHAR, relname VARCHAR, relnamespace UINTEGER, conid UINTEGER, indexid UINTEGER, name VARCHAR, attname VARCHAR, attnum SMALLINT, place INTEGER);
CREATE MACRO pgc.lianji_constraintdef(o) AS (SELECT 'PRIMARY KEY (' || string_agg(pgc.quote_ident(attname), ', ' ORDER BY place) || ')' FROM pgc.lianji_keys WHERE conid = o HAVING count(*) > 0);
CREATE MACRO pgc.pg_get_constraintdef(o) AS pgc.lianji_constraintdef(o), (o, pretty) AS pgc.lianji_constraintdef(o);
-- The whole of an index, or one of its columns; an empty text for one that it has not.
CREATE MACRO pgc.lianji_indexdef(o, n) AS (SELECT (SELECT CASE WHEN count(*) = 0 THEN NULL
	WHEN q.b = 0 THEN 'CREATE UNIQUE INDEX ' || pgc.quote_ident(min(k.name)) || ' ON ' || pgc.quote_ident(min(k.schema)) || '.' || pgc.quote_ident(min(k.relname)) || ' USING btree (' || string_agg(pgc.quote_ident(k.attname), ', ' ORDER BY k.place) || ')'
	ELSE coalesce(min(pgc.quote_ident(k.attname)) FILTER (k.place = q.b), '') END FROM pgc.lianji_keys k WHERE k.indexid = q.a) FROM (SELECT o AS a, n AS b) q);
CREATE MACRO pgc.pg_get_indexdef(o) AS pgc.lianji_indexdef(o, 0), (o, n, pretty) AS pgc.lianji_indexdef(o, n);
CREATE MACRO pgc.quote_literal(n) AS '''' || replace(n, '''', '''''') || '''';
CREATE MACRO pgc.quote_nullable(n) AS coalesce(pgc.quote_literal(n), 'NULL');
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

INSERT INTO pgc.pg_am BY NAME SELECT 2::UINTEGER AS oid, 'heap' AS amname, 't' AS amtype UNION ALL BY NAME SELECT 403 AS oid, 'btree' AS amname, 'i' AS amtype;
INSERT INTO pgc.pg_opfamily BY NAME SELECT *, 403 AS opfmethod, 11 AS opfnamespace, 10 AS opfowner FROM (VALUES
	(397, 'array_ops'), (424, 'bool_ops'), (426, 'bpchar_ops'), (428, 'bytea_ops'), (434, 'datetime_ops'), (1970, 'float_ops'), (1976, 'integer_ops'), (1982, 'interval_ops'), (1988, 'numeric_ops'), (1989, 'oid_ops'), (1994, 'text_ops'), (1996, 'time_ops'), (2968, 'uuid_ops')) AS t(oid, opfname);
INSERT INTO pgc.pg_opclass BY NAME SELECT *, 403 AS opcmethod, 11 AS opcnamespace, 10 AS opcowner, true AS opcdefault, CASE WHEN opcname = 'name_ops' THEN 2275 ELSE 0 END AS opckeytype FROM (VALUES
	(10003, 'bool_ops', 424, 16), (10006, 'bytea_ops', 428, 17), (10028, 'name_ops', 1994, 19), (3124, 'int8_ops', 1976, 20), (1979, 'int2_ops', 1976, 21), (1978, 'int4_ops', 1976, 23), (3126, 'text_ops', 1994, 25), (1981, 'oid_ops', 1989, 26),
	(10012, 'float4_ops', 1970, 700), (3123, 'float8_ops', 1970, 701), (10004, 'bpchar_ops', 426, 1042), (3122, 'date_ops', 434, 1082), (10038, 'time_ops', 1996, 1083), (3128, 'timestamp_ops', 434, 1114), (3127, 'timestamptz_ops', 434, 1184),
	(10022, 'interval_ops', 1982, 1186), (3125, 'numeric_ops', 1988, 1700), (10000, 'array_ops', 397, 2277), (10065, 'uuid_ops', 2968, 2950)) AS t(oid, opcname, opcfamily, opcintype);
INSERT INTO pgc.pg_language BY NAME SELECT 12::UINTEGER AS oid, 'internal' AS lanname;
INSERT INTO pgc.pg_collation BY NAME SELECT 100::UINTEGER AS oid, 'default' AS collname, 11 AS collnamespace, 'd' AS collprovider UNION ALL BY NAME SELECT 950 AS oid, 'C' AS collname, 11 AS collnamespace, 'c' AS collprovider;
INSERT INTO pgc.pg_tablespace BY NAME SELECT 1663::UINTEGER AS oid, 'pg_default' AS spcname;
