package pgcatalog

import (
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// table collects rows for one of the catalogue's relations.
type table struct {
	name    string
	columns []catalog.Column
	builder *array.RecordBuilder
}

func newTable(name string, columns ...catalog.Column) *table {
	return &table{name: name, columns: columns, builder: array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema(columns))}
}

func column(name string, kind catalog.Kind) catalog.Column {
	return catalog.Column{Name: name, Type: catalog.Type{Kind: kind}}
}

func oid(name string) catalog.Column   { return column(name, catalog.Uint32) }
func text(name string) catalog.Column  { return column(name, catalog.Text) }
func short(name string) catalog.Column { return column(name, catalog.Int16) }
func whole(name string) catalog.Column { return column(name, catalog.Int32) }
func truth(name string) catalog.Column { return column(name, catalog.Bool) }
func acl(name string) catalog.Column {
	return catalog.Column{Name: name, Type: catalog.ListOf(catalog.Type{Kind: catalog.Text})}
}

// add adds a row: a value for each column, nil for NULL.
func (t *table) add(values ...any) {
	for i, v := range values {
		switch b := t.builder.Field(i).(type) {
		case *array.Uint32Builder:
			n, _ := v.(uint32)
			b.Append(n)
		case *array.Int16Builder:
			n, _ := v.(int16)
			b.Append(n)
		case *array.Int32Builder:
			n, _ := v.(int32)
			b.Append(n)
		case *array.BooleanBuilder:
			n, _ := v.(bool)
			b.Append(n)
		case *array.StringBuilder:
			s, ok := v.(string)
			if !ok {
				b.AppendNull()
				continue
			}
			b.Append(s)
		case *array.ListBuilder:
			texts, ok := v.([]string)
			b.Append(ok)
			for _, text := range texts {
				if to, ok := b.ValueBuilder().(*array.StringBuilder); ok {
					to.Append(text)
				}
			}
		}
	}
}

// OIDs of what every catalogue has.
const (
	catalogSchema = 11
	publicSchema  = 2200
	infoSchema    = 13000
	ownerOID      = 10
	databaseOID   = 5
	classClass    = 1259
	heapAM        = 2
	btreeAM       = 403
	firstOID      = 16384 // of what is not PostgreSQL's own
)

// numbers gives OIDs by name: the same for the same name, in every snapshot, unless two
// names meet.
type numbers map[uint32]bool

func (n numbers) of(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // it never fails
	id := firstOID + h.Sum32()%(1<<30)
	for n[id] {
		id++
	}
	n[id] = true
	return id
}

// fill gives what a snapshot shows: its schemas, its resources and their columns.
func fill(s policy.Snapshot, facts Facts) (out []filling) {
	schemas := newTable("pg_namespace", oid("oid"), text("nspname"), oid("nspowner"))
	schemas.add(uint32(catalogSchema), "pg_catalog", uint32(ownerOID))
	schemas.add(uint32(publicSchema), "public", uint32(ownerOID))
	schemas.add(uint32(infoSchema), "information_schema", uint32(ownerOID))
	classes := newTable("pg_class", oid("oid"), text("relname"), oid("relnamespace"), text("relkind"), short("relnatts"), oid("relowner"), text("relpersistence"),
		oid("relam"), oid("reltablespace"), whole("relpages"), oid("reltoastrelid"), truth("relhasindex"), truth("relisshared"), short("relchecks"),
		truth("relhasrules"), truth("relhastriggers"), truth("relhassubclass"), truth("relrowsecurity"), truth("relforcerowsecurity"), truth("relispopulated"),
		text("relreplident"), truth("relispartition"), oid("reltype"), oid("reloftype"), oid("relfilenode"), oid("relrewrite"), acl("relacl"))
	attributes := newTable("pg_attribute", oid("attrelid"), text("attname"), oid("atttypid"), short("attlen"), short("attnum"), whole("atttypmod"), whole("attndims"),
		truth("attnotnull"), truth("atthasdef"), truth("attisdropped"), truth("attislocal"), text("attidentity"), text("attgenerated"), oid("attcollation"),
		text("attstorage"), text("attalign"), truth("attbyval"), whole("attstattarget"), truth("atthasmissing"), whole("attinhcount"), text("attcompression"), acl("attacl"))
	keys := newTable("lianji_keys", oid("relid"), text("schema"), text("relname"), oid("relnamespace"), oid("conid"), oid("indexid"), text("name"), text("attname"), short("attnum"), whole("place"))
	descriptions := newTable("pg_description", oid("objoid"), oid("classoid"), whole("objsubid"), text("description"))
	// Without it, drivers take the owner for one who may change everything; pgJDBC looks at
	// the columns' own too.
	owner := aclName(facts.User)
	reading := []string{owner + "=r/" + owner}
	ids, bySchema, taken := numbers{}, map[string]uint32{"public": publicSchema}, map[string]bool{}
	for _, r := range s.Resources() {
		taken[schemaOf(r)+"\x00"+r.Path[len(r.Path)-1]] = true
	}
	for _, r := range s.Resources() {
		last, schema := len(r.Path)-1, schemaOf(r)
		if _, known := bySchema[schema]; !known {
			bySchema[schema] = ids.of(schema)
			schemas.add(bySchema[schema], schema, uint32(ownerOID))
		}
		id, key := ids.of(schema+"\x00"+r.Path[last]), r.Key()
		classes.add(id, r.Path[last], bySchema[schema], "r", int16(len(r.Columns)), uint32(ownerOID), "p",
			uint32(heapAM), uint32(0), int32(0), uint32(0), len(key) > 0, false, int16(0), false, false, false, false, false, true, "n", false, uint32(0), uint32(0), uint32(0), uint32(0), reading)
		describe(descriptions, id, 0, r.Table.Comment)
		attribute := func(of uint32, at, place int, open any) {
			column := r.Columns[at]
			t := pgvalue.Of(column.Type)
			dimensions, collation := int32(0), uint32(0)
			if column.Type.Kind == catalog.List && t.OID != pgvalue.JSONOID {
				dimensions = 1
			}
			if t.OID == pgvalue.TextOID {
				collation = 100
			}
			attributes.add(of, column.Name, t.OID, t.Size, int16(place), t.Modifier, dimensions, false, false, false, true, "", "", collation,
				"x", "i", t.Size > 0 && t.Size <= 8, int32(-1), false, int32(0), "", open)
		}
		for i, column := range r.Columns {
			attribute(id, i, i+1, reading)
			describe(descriptions, id, int32(i+1), column.Comment)
		}
		if len(key) == 0 {
			continue
		}
		name := r.Path[last] + "_pkey"
		for n := 1; taken[schema+"\x00"+name]; n++ { // PostgreSQL has a name once in a schema
			name = r.Path[last] + "_pkey" + strconv.Itoa(n)
		}
		taken[schema+"\x00"+name] = true
		constraint, index := ids.of(schema+"\x00"+name), ids.of(schema+"\x00"+name+"\x00index")
		classes.add(index, name, bySchema[schema], "i", int16(len(key)), uint32(ownerOID), "p",
			uint32(btreeAM), uint32(0), int32(0), uint32(0), false, false, int16(0), false, false, false, false, false, true, "n", false, uint32(0), uint32(0), uint32(0), uint32(0), nil)
		for i, at := range key {
			keys.add(id, schema, r.Path[last], bySchema[schema], constraint, index, name, r.Columns[at].Name, int16(at+1), int32(i+1))
			attribute(index, at, i+1, nil)
		}
	}
	roles := newTable("pg_roles", oid("oid"), text("rolname"), truth("rolsuper"), truth("rolinherit"), truth("rolcreaterole"), truth("rolcreatedb"), truth("rolcanlogin"), truth("rolreplication"), whole("rolconnlimit"), truth("rolbypassrls"))
	roles.add(uint32(ownerOID), facts.User, false, true, false, false, true, false, int32(-1), false)
	databases := newTable("pg_database", oid("oid"), text("datname"), oid("datdba"), whole("encoding"), text("datlocprovider"), truth("datistemplate"), truth("datallowconn"), whole("datconnlimit"), text("datcollate"), text("datctype"), oid("dattablespace"))
	databases.add(uint32(databaseOID), facts.Database, uint32(ownerOID), int32(6), "c", false, true, int32(-1), "C", "C", uint32(1663))
	settings := newTable("pg_settings", text("name"), text("setting"), text("context"), text("vartype"), text("source"), text("boot_val"), text("reset_val"), truth("pending_restart"))
	for _, name := range slices.Sorted(maps.Keys(serverSettings)) {
		value := serverSettings[name]
		settings.add(name, value, "internal", "string", "default", value, value, false)
	}
	for _, t := range []*table{schemas, classes, attributes, keys, descriptions, roles, databases, settings} {
		batch := t.builder.NewRecordBatch()
		t.builder.Release()
		if batch.NumRows() == 0 {
			batch.Release()
			continue
		}
		out = append(out, filling{Name: t.name, Columns: t.columns, batch: batch})
	}
	return out
}

// schemaOf gives the schema in which a resource is shown.
func schemaOf(r *policy.Resource) string {
	if len(r.Path) == 1 {
		return "public"
	}
	return strings.Join(r.Path[:len(r.Path)-1], ".")
}

// aclName writes a name as it stands in a list of privileges.
func aclName(name string) string {
	plain := func(r rune) bool {
		return r >= utf8.RuneSelf || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if !strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// serverSettings are those that programs look for in pg_settings: what is the same for all.
var serverSettings = map[string]string{
	"max_index_keys": "32", "max_identifier_length": "63", "server_encoding": "UTF8", "standard_conforming_strings": "on", "integer_datetimes": "on", "lc_collate": "C", "lc_ctype": "C",
	"default_transaction_isolation": "read committed",
}

func describe(t *table, id uint32, sub int32, comment string) {
	if comment != "" {
		t.add(id, uint32(classClass), sub, comment)
	}
}
