-- What programs and people ask of indexes, and how they take int2vector and oidvector apart.

--same
--= 公安|人口|n|1|人口_pkey
--= 公安|人口|身份证号|2|人口_pkey
SELECT result.TABLE_SCHEM, result.TABLE_NAME, result.COLUMN_NAME, result.KEY_SEQ, result.PK_NAME FROM (SELECT current_database() AS TABLE_CAT, n.nspname AS TABLE_SCHEM, ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME, (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname AS PK_NAME, information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM, a.attnotnull AS IS_NOT_NULL FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid) JOIN pg_catalog.pg_index i ON ( a.attrelid = i.indrelid) JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE (i.indisprimary OR ( i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL )) AND n.nspname = '公安') result WHERE result.A_ATTNUM = (result.KEYS).x ORDER BY result.table_name, result.pk_name, result.key_seq;

--same
--= 公安|人口|false||人口_pkey|3|1|n|A|
--= 公安|人口|false||人口_pkey|3|2|身份证号|A|
SELECT tmp.TABLE_SCHEM, tmp.TABLE_NAME, tmp.NON_UNIQUE, tmp.INDEX_QUALIFIER, tmp.INDEX_NAME, tmp.TYPE, tmp.ORDINAL_POSITION, trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME, CASE tmp.AM_NAME WHEN 'btree' THEN CASE tmp.I_INDOPTION[tmp.ORDINAL_POSITION - 1] & 1::smallint WHEN 1 THEN 'D' ELSE 'A' END ELSE NULL END AS ASC_OR_DESC, tmp.FILTER_CONDITION FROM (SELECT n.nspname AS TABLE_SCHEM, ct.relname AS TABLE_NAME, NOT i.indisunique AS NON_UNIQUE, NULL AS INDEX_QUALIFIER, ci.relname AS INDEX_NAME, CASE i.indisclustered WHEN true THEN 1 ELSE CASE am.amname WHEN 'hash' THEN 2 ELSE 3 END END AS TYPE, (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS FILTER_CONDITION, ci.oid AS CI_OID, i.indoption AS I_INDOPTION, am.amname AS AM_NAME FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid) JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid) JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) JOIN pg_catalog.pg_am am ON (ci.relam = am.oid) WHERE n.nspname = '公安') AS tmp ORDER BY NON_UNIQUE, TYPE, INDEX_NAME, ORDINAL_POSITION;

--same
--= n
--= 身份证号
SELECT a.attname FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN (SELECT i.indexrelid, i.indrelid, i.indisprimary, information_schema._pg_expandarray(i.indkey) AS keys FROM pg_catalog.pg_index i) i ON (a.attnum = (i.keys).x AND a.attrelid = i.indrelid) WHERE ct.relname = '人口' AND i.indisprimary ORDER BY a.attname;

--same
--= 人口_pkey|[6,1]|[0,100]|[0,0]|2|2|true|true
SELECT c.relname, i.indkey, i.indcollation, i.indoption AS options, i.indnatts, i.indnkeyatts, i.indisunique, i.indisprimary FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = '公安.人口'::regclass;

--same
--= 6|1||||6|[6,1]|[6]|[1]|[6,1]
SELECT indkey[0], pg_index.indkey[1], indkey[2], indkey[-1], pg_catalog.pg_index.indkey[3], (indkey::int2[])[0] AS a, indkey[0:1] AS b, indkey[:0] AS c, indkey[1:] AS d, indkey[0:indnkeyatts - 1] AS e FROM pg_catalog.pg_index WHERE indrelid = '公安.人口'::regclass;

--same
--= 6 1|6 1|6 1|0 100|6,1|6 1x
SELECT indkey::text, i.indkey::pg_catalog.varchar, CAST(i.indkey AS text), textin(oidvectorout(indcollation)), array_to_string(indkey, ','), i.indkey::text || 'x' FROM pg_index i WHERE indrelid = '公安.人口'::regclass;

--same
--= 0|1|2|2|1|1|0||1
SELECT array_lower(indkey, 1), array_upper(indkey, 1), array_length(indkey, 1), cardinality(indkey), array_ndims(indkey), array_position(indkey, 1::int2) AS a, array_position(indkey, 6::int2) AS b, array_position(indkey, 2::int2) AS c, array_position(keys, 1::int2) AS d FROM (SELECT indkey, indkey AS keys, indrelid FROM pg_index) i WHERE indrelid = '公安.人口'::regclass;

--same
--= 6|0|0|6
--= 1|1|100|1
SELECT unnest(indkey) AS attnum, generate_subscripts(indkey, 1) AS ord, unnest(indcollation) AS collation, unnest(string_to_array(textin(int2vectorout(indkey)), ' ')) AS word FROM pg_catalog.pg_index WHERE indrelid = '公安.人口'::regclass;

--same
--= 0|6
--= 1|1
SELECT k, i.indkey[k] FROM pg_index i, generate_subscripts(i.indkey, 1) AS k WHERE i.indrelid = '公安.人口'::regclass ORDER BY k;

--same
--= n|1
--= 身份证号|2
SELECT a.attname, k.ord FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, ord) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE i.indrelid = '公安.人口'::regclass AND i.indisprimary ORDER BY k.ord;

--same
--= n
--= 身份证号
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) WHERE i.indrelid = '公安.人口'::regclass AND i.indisprimary ORDER BY array_position(i.indkey, a.attnum);

--same
--= [6,1]|6
SELECT array_agg(k) AS keys, min(k) FILTER (WHERE n = 0) AS first FROM (SELECT unnest(indkey) AS k, generate_subscripts(indkey, 1) AS n FROM pg_index WHERE indrelid = '公安.人口'::regclass) q;

--same
--= true|false|6
SELECT conkey::int[] @> indkey::int[] AND conkey::int[] <@ indkey::int[], indkey[0] = conkey[2], conkey[1] FROM pg_constraint JOIN pg_index ON conindid = indexrelid WHERE conrelid = '公安.人口'::regclass AND contype = 'p';

--same
--= CREATE UNIQUE INDEX "人口_pkey" ON "公安"."人口" USING btree (n, "身份证号")|CREATE UNIQUE INDEX "人口_pkey" ON "公安"."人口" USING btree (n, "身份证号")|n|"身份证号"||
SELECT pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 0, true), pg_get_indexdef(indexrelid, 1, true), pg_get_indexdef(indexrelid, 2, false), pg_get_indexdef(indexrelid, 3, false), pg_get_indexdef(indrelid) FROM pg_index WHERE indrelid = '公安.人口'::regclass;

--same
--= 公安|人口|人口_pkey||CREATE UNIQUE INDEX "人口_pkey" ON "公安"."人口" USING btree (n, "身份证号")
SELECT * FROM pg_indexes WHERE schemaname = '公安';

--same
--= 公安|人口|人口_pkey
SELECT schemaname, relname, indexrelname FROM pg_stat_user_indexes;

--same
--= 人口|false
--= 低保|true
SELECT tablename, NOT hasindexes FROM pg_tables WHERE schemaname IN ('公安', '民政') ORDER BY tablename = '低保';

--same
--= btree|int8_ops|integer_ops|20
--= btree|text_ops|text_ops|25
SELECT am.amname, o.opcname, f.opfname, o.opcintype FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam JOIN pg_opclass o ON o.oid = ANY (i.indclass) JOIN pg_opfamily f ON f.oid = o.opcfamily WHERE i.indrelid = '公安.人口'::regclass ORDER BY o.opcintype;

--same
--= true|false|true|false||true|true||true||
SELECT pg_index_column_has_property(indexrelid, 1, 'asc'), pg_index_column_has_property(indexrelid, 2, 'desc'), pg_index_column_has_property(indexrelid, 1, 'orderable'), pg_index_column_has_property(indexrelid, 1, 'nulls_first'), pg_index_column_has_property(indexrelid, 3, 'asc'), pg_index_has_property(indexrelid, 'clusterable'), pg_index_has_property(indexrelid, 'index_scan'), pg_index_has_property(indexrelid, 'x'), pg_indexam_has_property(403, 'can_order'), pg_indexam_has_property(2, 'can_order'), pg_index_has_property(indrelid, 'clusterable') FROM pg_index WHERE indrelid = '公安.人口'::regclass;

--same
--= n|bigint|true|n
--= 身份证号|text|true|"身份证号"
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnum <= (SELECT i.indnkeyatts FROM pg_catalog.pg_index i WHERE i.indexrelid = '公安.人口_pkey'::regclass) AS is_key, pg_catalog.pg_get_indexdef(a.attrelid, a.attnum, TRUE) AS indexdef FROM pg_catalog.pg_attribute a WHERE a.attrelid = '公安.人口_pkey'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;

--same
--= true|true|false|false|true|false|btree|人口|
SELECT i.indisunique, i.indisprimary, i.indisclustered, i.indnullsnotdistinct, i.indisvalid, (NOT i.indimmediate) AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x') AND condeferrable) AS condeferrable, a.amname, c2.relname, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) FROM pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_am a WHERE i.indexrelid = c.oid AND c.oid = '公安.人口_pkey'::regclass AND c.relam = a.oid AND i.indrelid = c2.oid;

--same
--= 人口_pkey|true|true|false|true|CREATE UNIQUE INDEX "人口_pkey" ON "公安"."人口" USING btree (n, "身份证号")|PRIMARY KEY (n, "身份证号")|p|false|false|false|0
SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true), contype::text, condeferrable, condeferred, i.indisreplident, c2.reltablespace FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x')) WHERE c.oid = '公安.人口'::regclass AND c.oid = i.indrelid AND i.indexrelid = c2.oid ORDER BY i.indisprimary DESC, c2.relname;

--same
--= n,身份证号|人口_pkey|2|false
SELECT array_to_string(array_agg(CAST(attr.attname AS TEXT) ORDER BY attr.ord), ',') AS cols, attr.conname, min(attr.indnkeyatts) AS indnkeyatts, bool_and(attr.indnullsnotdistinct) AS indnullsnotdistinct FROM (SELECT con.conrelid AS conrelid, con.conname AS conname, con.ord AS ord, con.indnkeyatts AS indnkeyatts, con.indnullsnotdistinct AS indnullsnotdistinct, pg_catalog.pg_attribute.attname AS attname FROM pg_catalog.pg_attribute JOIN (SELECT pg_catalog.pg_constraint.conrelid AS conrelid, pg_catalog.pg_constraint.conname AS conname, unnest(pg_catalog.pg_index.indkey) AS attnum, generate_subscripts(pg_catalog.pg_index.indkey, 1::INTEGER) AS ord, pg_catalog.pg_index.indnkeyatts AS indnkeyatts, pg_catalog.pg_index.indnullsnotdistinct AS indnullsnotdistinct FROM pg_catalog.pg_constraint JOIN pg_catalog.pg_index ON pg_catalog.pg_constraint.conindid = pg_catalog.pg_index.indexrelid WHERE pg_catalog.pg_constraint.contype = 'p'::VARCHAR AND pg_catalog.pg_constraint.conrelid = CAST('公安.人口' AS REGCLASS)) AS con ON pg_catalog.pg_attribute.attnum = con.attnum AND pg_catalog.pg_attribute.attrelid = con.conrelid) AS attr GROUP BY attr.conrelid, attr.conname ORDER BY attr.conrelid, attr.conname;

--same
--= pg_class|pg_constraint|i
SELECT classid::regclass::text, refclassid::regclass::text, deptype::text FROM pg_depend WHERE objid = '公安.人口_pkey'::regclass AND classid = 'pg_class'::regclass;

--same
--= n|1
--= 身份证号|2
SELECT attr.attname, pos.n FROM (SELECT indrelid, indkey AS keys FROM pg_index WHERE indisprimary) i JOIN generate_series(0, 31) AS pos0(k) ON pos0.k BETWEEN array_lower(i.keys, 1) AND array_upper(i.keys, 1) JOIN pg_attribute attr ON attr.attrelid = i.indrelid AND attr.attnum = i.keys[pos0.k] JOIN (SELECT 1 AS n, 0 AS k UNION ALL SELECT 2, 1) pos ON pos.k = pos0.k WHERE i.indrelid = '公安.人口'::regclass ORDER BY 2;
