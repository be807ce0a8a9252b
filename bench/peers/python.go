package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

//go:embed requirements.txt
var requirements string

//go:embed peers.py
var driver string

// python is the process that runs the peers which are Python packages. They make
// Arrow tables in memory.
type python struct {
	program, script, dir string
	urls                 []string
	flight               string // lianji's Flight SQL
	cmd                  *exec.Cmd
	in                   io.WriteCloser
	out                  *bufio.Reader
}

// startPython makes the virtual environment, once for each list of requirements.
func startPython(ctx context.Context, dir string, pg, my *source) (*python, error) {
	p := &python{program: filepath.Join(dir, "venv", "bin", "python"), script: filepath.Join(dir, "peers.py"), dir: dir, urls: []string{"postgresql" + pg.url()[len("postgres"):], my.url()}}
	installed := filepath.Join(dir, "venv", "installed.txt")
	if text, err := os.ReadFile(installed); err != nil || string(text) != requirements {
		say("fetching the peers that are Python packages, once")
		list := filepath.Join(dir, "requirements.txt")
		if err := os.WriteFile(list, []byte(requirements), 0o644); err != nil {
			return nil, err
		}
		if err := once(ctx, dir, "", "python3", "-m", "venv", "--clear", filepath.Join(dir, "venv")); err != nil {
			return nil, err
		}
		if err := once(ctx, dir, "", p.program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", list); err != nil {
			return nil, err
		}
		if err := os.WriteFile(installed, []byte(requirements), 0o644); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(p.script, []byte(driver), 0o644); err != nil {
		return nil, err
	}
	return p, p.start()
}

func (p *python) start() error {
	p.cmd = exec.Command(p.program, append([]string{p.script}, p.urls...)...)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	p.out = bufio.NewReader(out)
	return p.cmd.Start()
}

// stop ends the process, which may be in the middle of a statement.
func (p *python) stop() error {
	err := errors.Join(p.in.Close(), p.cmd.Process.Kill())
	var exit *exec.ExitError
	if werr := p.cmd.Wait(); werr != nil && !errors.As(werr, &exit) {
		return errors.Join(err, werr)
	}
	return err
}

// peer is one of the packages.
type peer struct {
	*python
	id, shown string
	kinds     []kind
	sources   []string // of works on one source
	text      string   // how a table is named, as a pattern of regexp
}

func (p *python) peers() []contender {
	return []contender{
		&peer{p, "duckdb", attach, []kind{scan, single, point, several}, []string{"pg", "my"}, "$1.$2"},
		&peer{p, "flight", byFlight, []kind{scan}, []string{"pg", "my"}, "$1.$2"},
		&peer{p, "connectorx", "connectorx", []kind{scan}, []string{"pg", "my"}, "$2"},
		&peer{p, "adbc", "ADBC", []kind{scan}, []string{"pg"}, "$2"},
	}
}

func (p *peer) name() string { return p.shown }
func (p *peer) takes(w *work) bool {
	return slices.Contains(p.kinds, w.kind) && (w.kind == several || slices.Contains(p.sources, statement{sql: w.sql}.source()))
}

func (p *peer) run(ctx context.Context, s statement, use feed) (time.Duration, int64, error) {
	request := map[string]any{"peer": p.id, "url": p.flight, "source": s.source(), "sql": s.rename(p.text).sql, "key": s.key}
	answer, schema := filepath.Join(p.dir, "answer.arrow"), filepath.Join(p.dir, "schema.arrow")
	if use != nil {
		if err := writeSchema(schema, s); err != nil {
			return 0, 0, err
		}
		request["answer"], request["schema"] = answer, schema
	}
	outcome, err := p.ask(ctx, request)
	if err != nil || use == nil {
		return time.Duration(outcome.Seconds * float64(time.Second)), outcome.Rows, err
	}
	in, err := os.Open(answer)
	if err != nil {
		return 0, 0, err
	}
	defer in.Close()
	stream, err := ipc.NewReader(bufio.NewReaderSize(in, 1<<20))
	if err != nil {
		return 0, 0, err
	}
	defer stream.Release()
	rows, err := feedStream(stream, use)
	return 0, rows, err
}

func writeSchema(file string, s statement) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(ipc.NewWriter(out, ipc.WithSchema(s.schema)).Close(), out.Close())
}

type outcome struct {
	Seconds float64
	Rows    int64
	Error   string
}

// ask waits for an answer. When there is none in time, the process is made anew.
func (p *python) ask(ctx context.Context, request any) (outcome, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return outcome{}, err
	}
	ended := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer ended()
	var o outcome
	if _, err = p.in.Write(append(line, '\n')); err == nil {
		if line, err = p.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &o)
		}
	}
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			err = cause
		}
		return o, errors.Join(err, p.stopAndStart())
	}
	if o.Error != "" {
		return o, fmt.Errorf("%s", o.Error)
	}
	return o, nil
}

func (p *python) stopAndStart() error {
	_ = p.stop() // it is gone already, by whatever way
	return p.start()
}
