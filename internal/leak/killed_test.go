package leak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/httpapi"
)

// killedVariable makes this test binary the gateway that is killed: the program's own
// serve, over the configuration in the folder that it names.
const killedVariable = "LIANJI_LEAK_KILLED"

func serveUntilKilled(dir string) int {
	return cli.Program{AuditHeads: app.AuditHeads, App: app.Options{Openers: openers, NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, MaxRunning: o.MaxRunning, MaxQueued: o.MaxQueued, QueueTimeout: o.QueueTimeout})
	}}}.Run(context.Background(), cli.Env{
		Args: []string{"serve", "--config", filepath.Join(dir, "lianji.yaml")}, Name: "lianji",
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: os.Stderr, LookupEnv: func(string) (string, bool) { return "", false },
	})
}

// load are the statements under which the gateway is killed: short ones, one whose
// answer is long, one that fails in the middle, one that is refused.
var load = []string{
	"SELECT id, xm FROM 公安.人口", "SELECT count(*) FROM 公安.人口 WHERE nl > 10", "SELECT a.id, r.i FROM 公安.人口 a, range(200000) r(i)",
	"SELECT CAST(CASE WHEN r.i < 150000 THEN '1' ELSE 'x' END AS INTEGER) FROM 公安.人口 a, range(200000) r(i)", "SELECT mm FROM 公安.人口",
}

// Whatever moment the gateway is killed at, under load: each statement of which a byte
// reached its client has its start in the audit log, verify names those without an
// end, and the next gateway goes on with the log.
func TestKilledUnderLoad(t *testing.T) {
	times := 5
	if long() {
		times = 50
	}
	dir := t.TempDir()
	fillSQLite(t, filepath.Join(dir, "wj.db"), tables("one"))
	p := newPlace(t, dir, "  wj: {kind: sqlite, path: wj.db}\n")
	p.apply(t, "bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}}\npurposes: {DB-HC: {name: 低保核查, basis: 办法}}")
	p.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [cataloguer, leader]}, wang: {agency: 民政, roles: [analyst]}}")
	p.apply(t, "sysadmin", "sources: {wj: 公安}")
	p.apply(t, "ga", "resources: {公安.人口: {class: restricted, source: wj, schema: main, table: renkou, items: {id: '', xm: '', nl: ''}}}")
	p.apply(t, "ga", `grants: {公安.人口: [{agency: 民政, items: {id: clear, xm: masked name, nl: clear}, purposes: [DB-HC], modes: [interface], where: "qx = '和平区'"}]}`)
	token := p.tokenFor(t, "wang")
	reached := map[string]bool{} // queries of which something came
	coin := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range times {
		for id := range p.killedOnce(t, token, time.Duration(1+coin.IntN(1500))*time.Millisecond) {
			reached[id] = true
		}
	}
	starts, ends := p.records(t)
	for id := range reached {
		if !starts[id] {
			t.Errorf("the client has seen something of %s, the log has not", id)
		}
	}
	report := p.verified(t)
	open := 0
	for id := range starts {
		if !ends[id] {
			open++
		}
	}
	if int(report.OpenAll) != open || report.Boots < times {
		t.Errorf("verify knows %d boots and %d statements without an end, there are %d and %d", report.Boots, report.OpenAll, times, open)
	}
	for _, pending := range report.Open {
		if !starts[pending.Query] || ends[pending.Query] {
			t.Errorf("verify says that %s has no end", pending.Query)
		}
	}
	t.Logf("%d times killed: %d statements reached their client, %d have a start, %d of these no end", times, len(reached), len(starts), open)
	if len(reached) < 10*times || open == 0 {
		t.Error("hardly anything was asked: nothing was proved")
	}
}

// killedOnce serves, asks from several clients, kills the gateway after a while, and
// gives the queries of which a byte came.
func (p *place) killedOnce(t *testing.T, token string, after time.Duration) map[string]bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killedVariable+"="+p.dir)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for lines := bufio.NewScanner(said); p.url == "" && lines.Scan(); {
		all = append(all, lines.Text())
		p.url = regexp.MustCompile(`http://[0-9.:]+`).FindString(lines.Text())
	}
	if p.url == "" {
		_ = cmd.Process.Kill()
		t.Fatalf("the gateway says no address: %s (%v)", strings.Join(all, "\n"), cmd.Wait())
	}
	drained := safego.Run(func() error { _, _ = io.Copy(io.Discard, said); return nil })
	var mu sync.Mutex
	reached := map[string]bool{}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var asking safego.Group
	for n := range 6 {
		asking.Go(func() error {
			own := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			defer own.CloseIdleConnections()
			for i := n; ctx.Err() == nil; i++ {
				r, err := p.request(ctx, token, load[i%len(load)], "DB-HC", "application/x-ndjson")
				if err != nil {
					return err
				}
				res, err := own.Do(r)
				if err != nil {
					return nil // the gateway has gone
				}
				if res.StatusCode == http.StatusOK {
					mu.Lock()
					reached[res.Header.Get(httpapi.QueryIDHeader)] = true
					mu.Unlock()
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			return nil
		})
	}
	<-time.After(after)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(asking.Wait(), <-drained); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // "signal: killed"
	p.url = ""
	return reached
}

// records reads which queries have a start and which an end in the log. A line that was
// cut off by a kill is no record.
func (p *place) records(t *testing.T) (starts, ends map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, audit.FolderName, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no log: %v", err)
	}
	starts, ends = map[string]bool{}, map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			var r struct {
				Kind string
				Body struct{ Query string }
			}
			if json.Unmarshal(line, &r) != nil {
				continue
			}
			switch r.Kind {
			case "start":
				starts[r.Body.Query] = true
			case "end":
				ends[r.Body.Query] = true
			}
		}
	}
	return starts, ends
}

// verified runs the program's audit verify over the log, which must find it sound.
func (p *place) verified(t *testing.T) *audit.Report {
	t.Helper()
	var out, said bytes.Buffer
	code := cli.Program{AuditHeads: app.AuditHeads, App: app.Options{Openers: openers}}.Run(t.Context(), cli.Env{
		Args: []string{"audit", "verify", "--json", "--config", p.file}, Name: "lianji",
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said, LookupEnv: func(string) (string, bool) { return "", false },
	})
	report := &audit.Report{}
	if err := json.Unmarshal(out.Bytes(), report); err != nil {
		t.Fatalf("%v: %s %s", err, out.String(), said.String())
	}
	if code != 0 || !report.OK() {
		t.Errorf("verify exits with %d: %v %s", code, report.Findings, said.String())
	}
	return report
}
