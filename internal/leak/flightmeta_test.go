package leak

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// What Flight SQL tells of tables, columns and keys is the same whether what is not
// granted is there or not.
func TestFlightMetadataTellsNothing(t *testing.T) {
	one, none := newWorld(t, "one", false), newWorld(t, "none", false)
	told := map[string]int{}
	for _, purpose := range []string{"DB-HC", "JC", ""} {
		commands := []proto.Message{
			&pb.CommandGetCatalogs{}, &pb.CommandGetDbSchemas{}, &pb.CommandGetTables{}, &pb.CommandGetTables{IncludeSchema: true},
			&pb.CommandGetTables{IncludeSchema: true, TableNameFilterPattern: proto.String("%")}, &pb.CommandGetTableTypes{}, &pb.CommandGetXdbcTypeInfo{},
		}
		for _, table := range []string{"等于zfw", "基本wj", "renkou", "bumimi", "无"} {
			commands = append(commands, &pb.CommandGetPrimaryKeys{Table: table}, &pb.CommandGetExportedKeys{Table: table}, &pb.CommandGetImportedKeys{Table: table},
				&pb.CommandGetCrossReference{PkTable: table, FkTable: table}, &pb.CommandGetTables{IncludeSchema: true, TableNameFilterPattern: proto.String(table)})
		}
		for _, cmd := range commands {
			here, there := flightMetadata(t, one, purpose, cmd), flightMetadata(t, none, purpose, cmd)
			if !bytes.Equal(here, there) {
				t.Errorf("for %q %T%v\none:  %q\nnone: %q", purpose, cmd, cmd, here, there)
			}
			if bytes.Contains(here, []byte("bumimi")) || bytes.Contains(here, []byte("renkou")) {
				t.Errorf("for %q %T%v tells of the source: %q", purpose, cmd, cmd, here)
			}
			told[fmt.Sprintf("%s %T", purpose, cmd)] += len(here)
		}
	}
	tables := fmt.Sprintf("%T", &pb.CommandGetTables{})
	if told["DB-HC "+tables] < 2*told["JC "+tables] {
		t.Errorf("little is told where much is open: %v", told)
	}
}

// flightMetadata gives all bytes of an answer.
func flightMetadata(t *testing.T, w *world, purpose string, cmd proto.Message) []byte {
	t.Helper()
	packed, err := anypb.New(cmd)
	if err != nil {
		t.Fatal(err)
	}
	text, err := proto.Marshal(packed)
	if err != nil {
		t.Fatal(err)
	}
	client := flightDoor{w.place}.client(t)
	ctx := flightContext(t, w.token, purpose)
	info, err := client.Client.GetFlightInfo(ctx, &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: text})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.Client.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(info.Schema)
	for {
		data, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, data.DataHeader...), data.DataBody...)
	}
}
