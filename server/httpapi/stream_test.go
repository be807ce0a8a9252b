package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/listen"
	"github.com/lianji/lianji/server/servertest"
)

const arrowType = "application/vnd.apache.arrow.stream"

func released(s *servertest.Stream) bool {
	select {
	case <-s.Released:
		return true
	default:
		return false
	}
}

// In every form the rows of a batch reach the client while the next batch is not
// there yet.
func TestFirstRowsComeBeforeTheLast(t *testing.T) {
	for _, c := range []struct{ accept, first string }{
		{"application/json", `["2","张2"]`}, {"application/x-ndjson", `["2","张2"]`}, {"text/csv", "2,张2\r\n"}, {arrowType, "张1张2"},
	} {
		feed := make(chan servertest.Row, 1)
		feed <- servertest.Row{Rows: 2}
		res := post(t, open(t, &servertest.Querier{Feed: feed}), statement, "Accept", c.accept)
		var got bytes.Buffer
		for !bytes.Contains(got.Bytes(), []byte(c.first)) {
			if _, err := io.CopyN(&got, res.Body, 1); err != nil {
				t.Fatalf("%s: %v after %q", c.accept, err, got.String())
			}
		}
		feed <- servertest.Row{Rows: 1} // and only now there is more
		close(feed)
		if _, err := io.Copy(&got, res.Body); err != nil || !strings.Contains(got.String(), "张3") {
			t.Errorf("%s: %v after %q", c.accept, err, got.String())
		}
	}
}

// A client that goes away ends its query, before and after the first row.
func TestDisconnectCancels(t *testing.T) {
	for _, rows := range []int{0, 5} {
		feed := make(chan servertest.Row, 1)
		if rows > 0 {
			feed <- servertest.Row{Rows: rows}
		}
		q := &servertest.Querier{Feed: feed}
		s := open(t, q)
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		request := "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n" + statement
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if rows > 0 {
			if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		waitfor.True(t, time.Second, "the stream to be opened", func() bool { return len(q.Streams()) == 1 })
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		waitfor.True(t, time.Second, "the stream to be released", func() bool { return released(q.Streams()[0]) })
		if err := q.Streams()[0].Err(); errs.CodeOf(err) != errs.Canceled {
			t.Errorf("with %d rows: the stream ended with %v", rows, err)
		}
	}
}

// A stream that fails after its first rows: each form shows that it is not whole.
func TestBrokenAnswers(t *testing.T) {
	failure := errs.New(errs.SourceFailed, "source_lost", msg.Args{"Source": "mz"})
	broken := func(t *testing.T, accept string) (*servertest.Querier, *http.Response) {
		q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: failure})}
		return q, post(t, open(t, q), statement, "Accept", accept)
	}
	for accept, end := range map[string]string{
		"application/json":     "],\"error\":{\"title\":\"Source mz ended the connection before its answer was complete.\",\"code\":\"source_failed\",\"query_id\":\"q-1\"}}\n",
		"application/x-ndjson": "\n{\"error\":{\"title\":\"Source mz ended the connection before its answer was complete.\",\"code\":\"source_failed\",\"query_id\":\"q-1\"}}\n",
	} {
		_, res := broken(t, accept)
		if got := text(t, res); res.StatusCode != http.StatusOK || !strings.HasSuffix(got, end) || strings.Contains(got, "row_count") {
			t.Errorf("%s: %q", accept, got)
		}
	}
	t.Run("csv", func(t *testing.T) {
		_, res := broken(t, "text/csv")
		got, err := io.ReadAll(res.Body)
		if !errors.Is(err, io.ErrUnexpectedEOF) || string(got) != "id,姓名\r\n1,张1\r\n2,张2\r\n" {
			t.Errorf("%q and %v, want the rows and an unexpected EOF", got, err)
		}
	})
	t.Run("nothing is left when the client knows", func(t *testing.T) {
		hold := make(chan any)
		q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: failure}), Hold: hold}
		res := post(t, open(t, q), statement, "Accept", "text/csv")
		read := safego.Run(func() error { _, err := io.ReadAll(res.Body); return err })
		select {
		case err := <-read:
			t.Errorf("the client saw %v before the stream was released", err)
		case <-time.After(100 * time.Millisecond):
		}
		close(hold)
		if err := <-read; !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the transfer ended with %v", err)
		}
	})
	t.Run("arrow", func(t *testing.T) {
		_, res := broken(t, arrowType)
		r, err := ipc.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		if !r.Next() || r.RecordBatch().NumRows() != 2 {
			t.Fatalf("no first batch: %v", r.Err())
		}
		if r.Next() || r.Err() == nil {
			t.Errorf("a broken stream ended with %v", r.Err())
		}
	})
	t.Run("parquet", func(t *testing.T) {
		q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 200_000}, servertest.Row{Rows: 2}, servertest.Row{Err: failure})}
		res := post(t, open(t, q), statement, "Accept", "application/vnd.apache.parquet")
		got, err := io.ReadAll(res.Body)
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) == 0 || res.StatusCode != http.StatusOK {
			t.Errorf("%s, %d bytes and %v, want a row group and an unexpected EOF", res.Status, len(got), err)
		}
		if _, err := file.NewParquetReader(bytes.NewReader(got)); err == nil {
			t.Error("the bytes pass for a whole file")
		}
	})
	t.Run("parquet, before a row group is whole", func(t *testing.T) {
		_, res := broken(t, "application/vnd.apache.parquet")
		wantProblem(t, res, http.StatusBadGateway, errs.SourceFailed)
	})
	t.Run("arrow, the abort lost", func(t *testing.T) {
		// A proxy may end the transfer in an orderly way: the bytes alone must tell.
		_, res := broken(t, arrowType)
		got, err := io.ReadAll(res.Body)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the transfer ended with %v", err)
		}
		r, err := ipc.NewReader(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		for r.Next() {
		}
		if r.Err() == nil {
			t.Error("the bytes pass for a whole stream")
		}
	})
}

// What fails before the first row is an ordinary problem in every form.
func TestFailureBeforeTheFirstRow(t *testing.T) {
	for _, accept := range []string{"application/json", "application/x-ndjson", "text/csv", arrowType, "application/vnd.apache.parquet"} {
		failure := errs.New(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": "mz"})
		q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Err: failure})}
		res := post(t, open(t, q), statement, "Accept", accept)
		if p := wantProblem(t, res, http.StatusBadGateway, errs.SourceUnreachable); p.QueryID != "q-1" || res.Header.Get(httpapi.QueryIDHeader) != "q-1" {
			t.Errorf("%s: query id %q", accept, p.QueryID)
		}
		if !released(q.Streams()[0]) {
			waitfor.True(t, time.Second, "the stream to be released", func() bool { return released(q.Streams()[0]) })
		}
	}
}

// A client that stops reading does not hold a query for ever.
func TestStuckClient(t *testing.T) {
	feed := make(chan servertest.Row, 1)
	feed <- servertest.Row{Rows: 1}
	q := &servertest.Querier{Feed: feed}
	s := open(t, q, func(o *httpapi.Options) { o.ClientWait = 200 * time.Millisecond })
	_ = post(t, s, statement, "Accept", "text/csv", "Connection", "close") // its body is not read
	ended := false
	for !ended {
		select {
		case feed <- servertest.Row{Rows: 200_000}:
		case <-q.Streams()[0].Released:
			ended = true
		}
	}
}

// A query that takes longer than any time-out of the connection still answers.
func TestSlowQueryIsNotCutOff(t *testing.T) {
	feed := make(chan servertest.Row)
	s := open(t, &servertest.Querier{Feed: feed}, func(o *httpapi.Options) { o.ClientWait = 50 * time.Millisecond })
	later := safego.Run(func() error {
		for range 3 {
			<-time.After(100 * time.Millisecond)
			feed <- servertest.Row{Rows: 1}
		}
		close(feed)
		return nil
	})
	res := post(t, s, statement, "Accept", "text/csv")
	if got := text(t, res); got != "id,姓名\r\n1,张1\r\n2,张2\r\n3,张3\r\n" {
		t.Errorf("got %q", got)
	}
	if err := <-later; err != nil {
		t.Error(err)
	}
}

// serve starts Serve on a free port; end ends its context, done gives its outcome.
func serve(t *testing.T, q server.Querier, drain time.Duration) (url string, end context.CancelFunc, done <-chan error) {
	t.Helper()
	ln, err := listen.TCP(t.Context(), "localhost:0", listen.Loopback)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	done = safego.Run(func() error { return httpapi.ServeWithin(ctx, ln, httpapi.Options{Querier: q}, drain) })
	return "http://" + ln.Addr().String(), end, done
}

func ask(t *testing.T, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url+"/v1/query", strings.NewReader(statement))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/x-ndjson")
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func TestServeLetsARunningQueryEnd(t *testing.T) {
	feed := make(chan servertest.Row, 1)
	feed <- servertest.Row{Rows: 1}
	url, end, done := serve(t, &servertest.Querier{Feed: feed}, time.Minute)
	res := ask(t, url)
	end()
	waitfor.True(t, time.Second, "the port to be closed", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	feed <- servertest.Row{Rows: 1}
	close(feed)
	if got := text(t, res); !strings.HasSuffix(got, "{\"row_count\":2}\n") {
		t.Errorf("got %q", got)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestServeCancelsAQueryThatDoesNotEnd(t *testing.T) {
	feed := make(chan servertest.Row, 1)
	feed <- servertest.Row{Rows: 1}
	q := &servertest.Querier{Feed: feed}
	url, end, done := serve(t, q, 50*time.Millisecond)
	res := ask(t, url)
	end()
	if got := text(t, res); !strings.Contains(got, `"title":"The gateway is closing."`) || !strings.Contains(got, `"code":"gateway_closing"`) {
		t.Errorf("got %q", got)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if !released(q.Streams()[0]) {
		t.Error("Serve returned while a query was running")
	}
}

// waiting does nothing until it is cancelled, and does not ask why it was.
type waiting struct {
	server.Querier
	begun chan any
}

func (w waiting) Query(ctx context.Context, _ server.Session, _ server.Request) (*server.Answer, error) {
	close(w.begun)
	<-ctx.Done()
	return nil, ctx.Err()
}

// A statement that has no answer yet when the gateway closes is to be asked again elsewhere.
func TestClosingBeforeTheAnswer(t *testing.T) {
	w := waiting{begun: make(chan any)}
	url, end, done := serve(t, w, 50*time.Millisecond)
	closed := safego.Run(func() error { <-w.begun; end(); return nil })
	wantProblem(t, ask(t, url), http.StatusServiceUnavailable, errs.Closing)
	if err := errors.Join(<-closed, <-done); err != nil {
		t.Errorf("Serve: %v", err)
	}
}
