package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/lianji/lianji/bench/oneconn"
	"github.com/lianji/lianji/internal/oracle"
)

// lianji is our gateway as a server, asked over HTTP on kept connections, answering
// in Arrow.
type lianji struct {
	binary, config, url string
	flight              string // the address of Flight SQL
	client              http.Client
	process             *process
}

// Half the memory that DuckDB would take on the machine where the first figures were
// made, shared by four statements at once: two GiB each.
const engineSettings = "{memory: 8GiB, temp: ./tmp, timezone: " + oracle.Zone + "}"

func startLianji(ctx context.Context, binary, dir string, pg, my *source) (*lianji, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	binary, err := filepath.Abs(binary) // it runs in dir
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	flight, err := freePort()
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "listen: {http: 127.0.0.1:%d, flight: 127.0.0.1:%d}\nengine: %s\nsources:\n", port, flight, engineSettings)
	fmt.Fprintf(&text, "  pgdb: {kind: postgres, dsn: %q}\n  mydb: {kind: mysql, dsn: %q}\npublish:\n", pg.url()+"?sslmode=disable", my.url())
	for agency, schema := range map[string]string{"pg": "pgdb.public", "my": "mydb." + database} {
		fmt.Fprintf(&text, "  %s:\n", agency)
		for _, table := range oracle.TPCHTables {
			fmt.Fprintf(&text, "    %s: %s.%s\n", table, schema, table)
		}
	}
	// It asks for no coding: on one machine that costs more than it saves, and nobody else's
	// answers are coded.
	l := &lianji{binary: binary, client: http.Client{Transport: &oneconn.Transport{}}, config: filepath.Join(dir, "lianji.yaml"), url: "http://127.0.0.1:" + strconv.Itoa(port), flight: "grpc://127.0.0.1:" + strconv.Itoa(flight)}
	if err := os.WriteFile(l.config, []byte(text.String()), 0o600); err != nil {
		return nil, err
	}
	l.process, err = server{name: "lianji", dir: dir, signal: "TERM", args: []string{binary, "serve", "--config", l.config, "--no-auth"}, ready: func(ctx context.Context) error {
		answer, err := l.client.Get(l.url + "/healthz")
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		return errors.Join(err, answer.Body.Close())
	}}.start(ctx)
	return l, err
}

func (l *lianji) name() string       { return "lianji" }
func (l *lianji) takes(w *work) bool { return true }

func (l *lianji) run(ctx context.Context, s statement, use feed) (time.Duration, int64, error) {
	ask := map[string]any{"sql": s.sql}
	if s.key != nil {
		ask["params"] = []any{*s.key}
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return 0, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/vnd.apache.arrow.stream")
	begun := time.Now()
	answer, err := l.client.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return 0, 0, fmt.Errorf("%s: %s", answer.Status, text)
	}
	stream, err := ipc.NewReader(answer.Body)
	if err != nil {
		return 0, 0, err
	}
	defer stream.Release()
	rows, err := feedStream(stream, use)
	if err != nil {
		return 0, 0, err
	}
	// To the end, so that the connection is kept.
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, 0, err
	}
	return time.Since(begun), rows, nil
}

// command times a program from its start to its end; it must print want.
func command(ctx context.Context, want, name string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	begun := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	if !strings.Contains(string(out), want) {
		return 0, fmt.Errorf("%s prints %q, want %q in it", filepath.Base(name), out, want)
	}
	return time.Since(begun), nil
}
