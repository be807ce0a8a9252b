
select	'lianji'::name as "PKTABLE_CAT", n2.nspname as "PKTABLE_SCHEM", c2.relname as "PKTABLE_NAME", a2.attname as "PKCOLUMN_NAME", ref.i::int2 as "KEY_SEQ"
 from ((((((( (select cn.oid, conrelid, conkey, confrelid, confkey, generate_series(array_lower(conkey, 1), array_upper(conkey, 1)) as i, confupdtype, confdeltype, conname, condeferrable, condeferred
  from pg_catalog.pg_constraint cn, pg_catalog.pg_class c, pg_catalog.pg_namespace n
  where contype operator(pg_catalog.=) 'f' and conrelid operator(pg_catalog.=) c.oid and relname operator(pg_catalog.=) '人口' and n.oid operator(pg_catalog.=) c.relnamespace and n.nspname operator(pg_catalog.=) '公安') ref
 inner join pg_catalog.pg_class c1 on c1.oid operator(pg_catalog.=) ref.conrelid)
 inner join pg_catalog.pg_namespace n1 on n1.oid operator(pg_catalog.=) c1.relnamespace)
 inner join pg_catalog.pg_attribute a1 on a1.attrelid operator(pg_catalog.=) c1.oid and a1.attnum operator(pg_catalog.=) conkey[i])
 inner join pg_catalog.pg_class c2 on c2.oid operator(pg_catalog.=) ref.confrelid)
 inner join pg_catalog.pg_namespace n2 on n2.oid operator(pg_catalog.=) c2.relnamespace)
 inner join pg_catalog.pg_attribute a2 on a2.attrelid operator(pg_catalog.=) c2.oid and a2.attnum operator(pg_catalog.=) confkey[i])
 left outer join pg_catalog.pg_constraint cn on cn.conrelid operator(pg_catalog.=) ref.confrelid and cn.contype operator(pg_catalog.=) 'p')
 order by ref.oid, ref.i;
