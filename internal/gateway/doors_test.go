package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
)

// TestDoors asks each statement of testdata/doors by every door. What HTTP says as JSON is
// written down; of each other door, what does not follow from that: rows of Flight SQL are
// those of HTTP's Arrow form, lines of the command line are those of HTTP's lines, and
// PostgreSQL's rows are written down in its own text form.
func TestDoors(t *testing.T) {
	s := newSite(t, world{filter: plain.filter, mask: plain.mask, hidden: doorsRows})
	datadriven.Walk(t, filepath.Join("testdata", "doors"), func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "ask" {
				d.Fatalf(t, "no command %s", d.Cmd)
			}
			a := asking{site: s, login: "wang", purpose: "DB-HC", sql: d.Input}
			d.MaybeScanArgs(t, "as", &a.login)
			if d.HasArg("for") {
				d.ScanArgs(t, "for", &a.purpose)
			}
			return a.everywhere(t)
		})
	})
}

// doorsRows are values that the plain site does not have.
const doorsRows = `INSERT INTO renkou VALUES (7, NULL, '和平区', 'm'); INSERT INTO mingce VALUES (200, '');`

// asking is one statement of somebody.
type asking struct {
	*site
	login, purpose, sql string
	read                string // agencies whose sources HTTP's footer names
}

// agencies lists those of a footer, in order; a time that is none is one more.
func agencies(f output.Footer) string {
	var list []string
	for _, s := range f.Sources {
		list = append(list, s.Agency)
	}
	slices.Sort(list) // they are read at the same time
	for range len(list) - len(f.Times()) {
		list = append(list, "no time")
	}
	return strings.Join(list, ", ")
}

// footer tells where a door's footer says other things than HTTP's.
func (a *asking) footer(out *strings.Builder, door, text string, rows int64) {
	f, ok := output.ParseFooter(text)
	if !ok || f.QueryID == "" || f.RowCount != rows || agencies(f) != a.read {
		fmt.Fprintf(out, "%s: the footer %s\n", door, text)
	}
}

func (a *asking) everywhere(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	said := a.http(t, "application/json")
	var doc struct {
		Columns []struct{ Name, Type string }
		Rows    []json.RawMessage
		output.Footer
		Count *int `json:"row_count"`
		// Of a broken answer, and of a problem.
		Error    *output.Problem
		Title    string
		Code     errs.Code
		Position *output.Position
		Nearest  []string
	}
	if err := json.Unmarshal(said.body, &doc); err != nil {
		t.Fatalf("%v: %s", err, said.body)
	}
	if said.StatusCode != http.StatusOK {
		fmt.Fprintf(&out, "%d %s %s: %s%s", said.StatusCode, doc.Code, doc.Code.SQLState(), doc.Title, place(doc.Position, doc.Nearest))
		a.refusals(t, &out, &output.Problem{Title: doc.Title, Code: doc.Code, Position: doc.Position, Nearest: doc.Nearest})
		return out.String()
	}
	if doc.Error != nil || doc.Count == nil || *doc.Count != len(doc.Rows) {
		t.Fatalf("no whole answer: %s", said.body)
	}
	var header []string
	for _, c := range doc.Columns {
		header = append(header, c.Name+" "+c.Type)
	}
	fmt.Fprintln(&out, strings.Join(header, ", "))
	for _, r := range doc.Rows {
		fmt.Fprintf(&out, "%s\n", r)
	}
	a.read = agencies(doc.Footer)
	if a.read != "" {
		fmt.Fprintf(&out, "read %s\n", a.read)
	}
	a.arrow(t, &out)
	a.command(t, &out)
	a.postgres(t, &out, nil)
	return out.String()
}

// refusals tells where another door says another thing than HTTP.
func (a *asking) refusals(t *testing.T, out *strings.Builder, p *output.Problem) {
	t.Helper()
	fmt.Fprintln(out)
	_, _, _, err := a.flight(t)
	s := status.Convert(err)
	code := errs.Code("")
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			code = errs.Code(info.Metadata["code"])
		}
	}
	if uint32(s.Code()) != p.Code.GRPC() || code != p.Code || !strings.Contains(s.Message(), p.Title) {
		fmt.Fprintf(out, "flight: %s %s %s\n", s.Code(), code, s.Message())
	}
	status, _, stderr := a.program(t)
	if status != 1 || !strings.Contains(stderr, "["+string(p.Code)+"]") || !strings.Contains(stderr, p.Title) {
		fmt.Fprintf(out, "command: %d %s\n", status, stderr)
	}
	a.postgres(t, out, p)
}

func place(p *output.Position, nearest []string) string {
	text := ""
	if p != nil {
		text = fmt.Sprintf(" @%d:%d", p.Line, p.Column)
	}
	if nearest != nil {
		text += fmt.Sprintf(" %q", nearest)
	}
	return text
}

func (a *asking) http(t *testing.T, accept string) reply {
	t.Helper()
	members := map[string]any{"sql": a.sql}
	if a.purpose != "" {
		members["purpose"] = a.purpose
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return a.send(t, a.login, http.MethodPost, "/v1/query", accept, body)
}

// arrow compares HTTP's Arrow form with what Flight SQL gives.
func (a *asking) arrow(t *testing.T, out *strings.Builder) {
	t.Helper()
	r, err := ipc.NewReader(bytes.NewReader(a.http(t, "application/vnd.apache.arrow.stream").body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	want, err := whole(r.Schema(), r.Next, r.RecordBatch, r.Err)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Release()
	info, got, foot, err := a.flight(t)
	if err != nil {
		fmt.Fprintf(out, "flight: %v\n", err)
		return
	}
	defer got.Release()
	a.footer(out, "flight", foot, got.NumRows())
	if !info.Equal(got.Schema()) || !info.Equal(want.Schema()) {
		fmt.Fprintf(out, "flight: the schema is told as %s, is %s, and %s by HTTP\n", info, got.Schema(), want.Schema())
	}
	if !array.TableApproxEqual(want, got, array.WithNaNsEqual(true), array.WithAbsTolerance(0)) {
		fmt.Fprintf(out, "flight: %v\n", got)
	}
}

// flight gives the schema that is told before, the answer and its footer.
func (a *asking) flight(t *testing.T) (told *arrow.Schema, _ arrow.Table, foot string, _ error) {
	t.Helper()
	c, err := fsql.NewClient(a.others["grpc"], nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+a.tokens[a.login])
	if a.purpose != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "purpose", a.purpose)
	}
	info, err := c.Execute(ctx, a.sql)
	if err != nil {
		return nil, nil, "", err
	}
	if told, err = flight.DeserializeSchema(info.Schema, memory.DefaultAllocator); err != nil {
		t.Fatal(err)
	}
	r, err := c.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		return nil, nil, "", err
	}
	defer r.Release()
	next := func() bool {
		more := r.Next()
		if more {
			foot = string(r.LatestAppMetadata())
		}
		return more
	}
	table, err := whole(r.Schema(), next, r.RecordBatch, r.Err)
	return told, table, foot, err
}

// whole collects an answer, which the caller releases.
func whole(schema *arrow.Schema, next func() bool, batch func() arrow.RecordBatch, err func() error) (arrow.Table, error) {
	var all []arrow.RecordBatch
	defer func() {
		for _, b := range all {
			b.Release()
		}
	}()
	for next() {
		b := batch()
		b.Retain()
		all = append(all, b)
	}
	if err := err(); err != nil {
		return nil, err
	}
	return array.NewTableFromRecords(schema, all), nil
}

// program runs the command line.
func (a *asking) program(t *testing.T) (code int, stdout, stderr string) {
	t.Helper()
	file := filepath.Join(a.dir, a.login+".t")
	if err := os.WriteFile(file, []byte(a.tokens[a.login]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"query", "--url", a.url, "--token-file", file, "--format", "ndjson"}
	if a.purpose != "" {
		args = append(args, "--purpose", a.purpose)
	}
	var o, e bytes.Buffer
	code = cli.Program{App: app.Options{}}.Run(t.Context(), cli.Env{
		Args: append(args, a.sql), Name: "lianji", Stdin: strings.NewReader(""), Stdout: &o, Stderr: &e, LookupEnv: func(string) (string, bool) { return "", false },
	})
	return code, o.String(), e.String()
}

// doorsTime is a time in a footer.
var doorsTime = regexp.MustCompile(`"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"`)

// command compares HTTP's lines with those of the command line.
func (a *asking) command(t *testing.T, out *strings.Builder) {
	t.Helper()
	want := doorsTime.ReplaceAllString(string(a.http(t, "application/x-ndjson").body), "‹time›")
	code, got, said := a.program(t)
	if got = doorsTime.ReplaceAllString(got, "‹time›"); code != 0 || got != want {
		fmt.Fprintf(out, "command: %d %s %s\n", code, got, said)
	}
}

// doorsID is in PostgreSQL's detail of an error.
var doorsID = regexp.MustCompile(`[a-z2-7]{16}`)

// postgres writes rows as PostgreSQL's protocol has them, or compares its error with a
// problem.
func (a *asking) postgres(t *testing.T, out *strings.Builder, p *output.Problem) {
	t.Helper()
	config, err := pgconn.ParseConfig("postgres://" + a.others["postgres"] + "/lianji?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password = a.login+"~token", a.tokens[a.login]
	config.RuntimeParams["lianji.footer"] = "on"
	var foot string
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if foot == "" && n.Severity == "NOTICE" {
			foot = n.Detail
			return
		}
		fmt.Fprintf(out, "postgres %s: %s\n", n.Severity, n.Message)
	}
	if a.purpose != "" {
		config.RuntimeParams["purpose"] = a.purpose
	}
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err == nil {
		defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
		var rows strings.Builder
		r := conn.ExecParams(t.Context(), a.sql, nil, nil, nil, nil)
		count := int64(0)
		for r.NextRow() {
			count++
			for i, cell := range r.Values() {
				if i > 0 {
					rows.WriteByte('|')
				}
				if cell == nil {
					rows.WriteString("NULL")
					continue
				}
				fmt.Fprintf(&rows, "%q", cell)
			}
			rows.WriteByte('\n')
		}
		var header []string
		for _, f := range r.FieldDescriptions() {
			header = append(header, fmt.Sprintf("%s %d", f.Name, f.DataTypeOID))
		}
		if _, err = r.Close(); err == nil {
			fmt.Fprintf(out, "postgres %s\n%s", strings.Join(header, ", "), &rows)
			a.footer(out, "postgres", foot, count)
		}
	}
	var e *pgconn.PgError
	switch {
	case p == nil && err != nil, p != nil && !errors.As(err, &e):
		fmt.Fprintf(out, "postgres: %v\n", err)
	case p != nil:
		if at := 0; sameState(e.Code) != p.Code.SQLState() || e.Message != p.Title || e.Position != int32(characters(a.sql, p.Position, at)) {
			fmt.Fprintf(out, "postgres: %s %s @%d %s\n", e.Code, e.Message, e.Position, doorsID.ReplaceAllString(e.Detail, "‹id›"))
		}
	}
}

// sameState gives the SQLSTATE of our code: PostgreSQL tells names of tables, columns and
// functions apart, as its door does.
func sameState(state string) string {
	if state == "42703" || state == "42883" {
		return errs.UnknownName.SQLState()
	}
	return state
}

// characters gives a place as PostgreSQL counts it: in characters, from 1; 0 for none.
func characters(sql string, p *output.Position, none int) int {
	if p == nil {
		return none
	}
	return len([]rune(sql[:p.Offset])) + 1
}
