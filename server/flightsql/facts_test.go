package flightsql

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/protobuf/proto"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server/servertest"
)

// Every question of GetSqlInfo has an answer, each asked by itself too.
func TestFacts(t *testing.T) {
	client := connect(t, doorOf(t, &servertest.Querier{}, newOffice()))
	ctx := as(t, "wang")
	var all []fsql.SqlInfo
	for n := range pb.SqlInfo_name {
		all = append(all, fsql.SqlInfo(n))
	}
	if len(all) < 90 {
		t.Fatalf("%d questions", len(all))
	}
	count := func(asked []fsql.SqlInfo) int64 {
		info, err := client.GetSqlInfo(ctx, asked)
		if err != nil {
			t.Fatal(err)
		}
		n, _, schema, err := rows(ctx, client, info)
		if err != nil || !schema.Equal(schema_ref.SqlInfo) {
			t.Fatalf("%v: %v", asked, err)
		}
		return n
	}
	if n := count(nil); n != int64(len(all)) {
		t.Errorf("%d answers to all, want %d", n, len(all))
	}
	if n := count(all); n != int64(len(all)) {
		t.Errorf("%d answers to each, want %d", n, len(all))
	}
	for _, one := range all {
		if n := count([]fsql.SqlInfo{one}); n != 1 {
			t.Errorf("%d: %d answers", one, n)
		}
	}
	if n := count([]fsql.SqlInfo{99999}); n != 0 {
		t.Errorf("%d answers to what is not known", n)
	}
	if n := count([]fsql.SqlInfo{99999, fsql.SqlInfoKeywords}); n != 1 {
		t.Errorf("%d answers", n)
	}
}

// The functions that drivers are told of can be called.
func TestFunctionsAreThere(t *testing.T) {
	for _, list := range [][]string{numericFunctions, textFunctions, systemFunctions, timeFunctions} {
		for _, name := range list {
			switch name {
			case "coalesce", "ifnull", "nullif", "extract", "position", "current_date": // written otherwise in a plan
				continue
			}
			if !gate.AllowedScalar(name) {
				t.Errorf("%s cannot be called", name)
			}
		}
	}
	if words := strings.Fields(keywordText); len(words) < 400 || words[0] != "ABORT" {
		t.Errorf("%d keywords", len(words))
	}
}

// Every kind has a name that carries no parameters, and every type its row.
func TestTypes(t *testing.T) {
	for kind := catalog.Bool; kind <= catalog.Null; kind++ {
		if got := sqlTypes[kind]; got.name == "" || strings.ContainsAny(got.name, "( ") {
			t.Errorf("kind %d is %q", kind, got.name)
		}
	}
	if got := typeOf(catalog.ListOf(kindOf(catalog.Int32))).name; got != "int4[]" {
		t.Error(got)
	}
	client := connect(t, doorOf(t, &servertest.Querier{}, newOffice()))
	ctx := as(t, "wang")
	for _, c := range []struct {
		of   *int32
		rows int64
	}{{nil, 20}, {proto.Int32(int32(pb.XdbcDataType_XDBC_INTEGER)), 2}, {proto.Int32(12345), 0}} {
		info, err := client.GetXdbcTypeInfo(ctx, c.of)
		if err != nil {
			t.Fatal(err)
		}
		if n, _, schema, err := rows(ctx, client, info); n < c.rows || c.of != nil && n != c.rows || err != nil || !schema.Equal(schema_ref.XdbcTypeInfo) {
			t.Errorf("%v: %d rows, %v", c.of, n, err)
		}
	}
}

// What is told of a schema before is what comes, for every question.
func TestMetadataSchemas(t *testing.T) {
	office := newOffice()
	client := connect(t, doorOf(t, &servertest.Querier{}, office))
	ctx := as(t, "wang")
	for _, cmd := range []proto.Message{
		&pb.CommandGetCatalogs{}, &pb.CommandGetDbSchemas{}, &pb.CommandGetTables{}, &pb.CommandGetTables{IncludeSchema: true}, &pb.CommandGetTableTypes{},
		&pb.CommandGetPrimaryKeys{Table: "t"}, &pb.CommandGetExportedKeys{Table: "t"}, &pb.CommandGetImportedKeys{Table: "t"},
		&pb.CommandGetCrossReference{PkTable: "t", FkTable: "t"}, &pb.CommandGetXdbcTypeInfo{}, &pb.CommandGetSqlInfo{}, &pb.CommandStatementQuery{Query: "SELECT 1"},
	} {
		desc := commandFor(t, cmd)
		info, err := client.Client.GetFlightInfo(ctx, desc)
		if err != nil {
			t.Fatal(err)
		}
		told, err := client.Client.GetSchema(ctx, desc)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := client.Client.DoGet(ctx, info.Endpoint[0].Ticket)
		if err != nil {
			t.Fatal(err)
		}
		first, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if string(told.Schema) != string(info.Schema) || !strings.Contains(string(info.Schema), string(first.DataHeader)) {
			t.Errorf("%T: three schemas that differ", cmd)
		}
	}
	// Of a table, the schema has the types of its rows, and what drivers ask for.
	office.set(func() { office.opens["wang"] = snapshot{"w9", threeTypes()} })
	info, err := client.GetTables(ctx, &fsql.GetTablesOpts{IncludeSchema: true})
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Next() {
		t.Fatal(r.Err())
	}
	schema, err := flight.DeserializeSchema(r.RecordBatch().Column(4).(*array.Binary).Value(0), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"numeric 12 2", "timestamptz 32 6", "text 0 0"} {
		metadata := schema.Field(i).Metadata
		m := fsql.ColumnMetadata{Data: &metadata}
		name, _ := m.TypeName()
		precision, _ := m.Precision()
		scale, _ := m.Scale()
		if got := name + " " + itoa(int64(precision)) + " " + itoa(int64(scale)); got != want {
			t.Errorf("column %d is %q, want %q", i, got, want)
		}
	}
}

// threeTypes is a resource with columns of three types.
func threeTypes() []*policy.Resource {
	t := &catalog.Table{Columns: []catalog.Column{{Name: "m", Type: catalog.DecimalOf(12, 2)}, {Name: "z", Type: kindOf(catalog.TimestampTZ)}, {Name: "t", Type: kindOf(catalog.Text)}}}
	return []*policy.Resource{{Path: []string{"民政", "低保"}, Table: t, Columns: t.Columns}}
}
