// Command peers compares lianji with what else reads two databases at once: DuckDB's
// ATTACH, Trino, and readers of one source, over the same servers, in one run, each
// answer checked against one DuckDB that holds all the data. `make bench` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lianji/lianji/internal/oracle"
)

func say(text string) { fmt.Fprintln(os.Stderr, text) }

// memoryLimit is the reference's.
const memoryLimit = "SET memory_limit = '3GB'"

type options struct {
	dir, binary, results string
	sf                   float64
	runs                 int
	limit                time.Duration
	only                 *regexp.Regexp
	prepare, trino       bool
}

func main() {
	var o options
	only := ""
	flag.StringVar(&o.dir, "dir", defaultDir(), "folder of the servers and the peers, kept from run to run")
	flag.StringVar(&o.binary, "lianji", "bin/lianji", "the program")
	flag.StringVar(&o.results, "results", "", "write the tables between the marks of this file too")
	flag.Float64Var(&o.sf, "sf", 1, "TPC-H's scale factor")
	flag.IntVar(&o.runs, "runs", 3, "timed runs of a long statement; a short one has more")
	flag.DurationVar(&o.limit, "limit", 3*time.Minute, "longest time for one statement")
	flag.StringVar(&only, "only", "", "only the lines whose name matches; Q1 to Q22 are TPC-H's")
	flag.BoolVar(&o.prepare, "prepare", false, "only fetch the peers and load the data")
	flag.BoolVar(&o.trino, "trino", true, "compare with Trino too")
	flag.Parse()
	o.only = regexp.MustCompile(only)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		say("bench: " + err.Error())
		os.Exit(1)
	}
}

// defaultDir: the accounts of the servers cannot enter root's home.
func defaultDir() string {
	if os.Geteuid() == 0 {
		return "/var/tmp/lianji-bench"
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(base, "lianji-test", "bench")
}

func run(ctx context.Context, o options) (err error) {
	data := filepath.Join(o.dir, "sf"+strconv.FormatFloat(o.sf, 'f', -1, 64))
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	unlock, err := lock(o.dir)
	if err != nil {
		return err
	}
	defer unlock()
	var stops []func() error
	defer func() {
		for i := len(stops) - 1; i >= 0; i-- {
			err = errors.Join(err, stops[i]())
		}
	}()
	parquet, err := oracle.PrepareTPCH(ctx, o.sf)
	if err != nil {
		return err
	}
	pg, err := startPostgres(ctx, filepath.Join(data, "postgres"))
	if err != nil {
		return err
	}
	stops = append(stops, pg.run.stop)
	my, err := startMaria(ctx, filepath.Join(data, "mariadb"))
	if err != nil {
		return err
	}
	stops = append(stops, my.run.stop)
	if err := load(ctx, pg, my, parquet, data); err != nil {
		return err
	}
	py, err := startPython(ctx, o.dir, pg, my)
	if err != nil {
		return err
	}
	stops = append(stops, py.stop)
	contenders := py.peers()
	remark := ""
	if o.trino {
		var none noTrino
		tr, err := startTrino(ctx, o.dir, pg, my)
		switch {
		case errors.As(err, &none):
			remark = " Without Trino: " + none.why + "."
			say(remark)
		case err != nil:
			return err
		default:
			stops = append(stops, tr.process.stop)
			contenders = append(contenders, tr)
		}
	}
	if o.prepare {
		return nil
	}
	gateway, err := startLianji(ctx, o.binary, filepath.Join(data, "lianji"), pg, my)
	if err != nil {
		return err
	}
	stops = append(stops, gateway.process.stop)
	py.flight = gateway.flight
	straight, err := openOwn(ctx, pg, my)
	if err != nil {
		return err
	}
	contenders = append([]contender{gateway}, append(contenders, straight)...)
	ref, err := reference(ctx, parquet)
	if err != nil {
		return err
	}
	defer ref.Close()
	r := &report{head: head(ctx, o, pg, my) + remark + "\n"}
	if err := r.fill(ctx, o, ref, contenders, gateway, py); err != nil {
		return err
	}
	text := r.markdown()
	fmt.Print(text)
	if o.results != "" {
		if err := write(o.results, text); err != nil {
			return err
		}
	}
	if wrong := r.failed(); wrong != nil {
		return fmt.Errorf("lianji does not answer right:\n%s", strings.Join(wrong, "\n"))
	}
	return nil
}

func (r *report) fill(ctx context.Context, o options, ref *oracle.Reference, contenders []contender, g *lianji, py *python) error {
	group := func(all []*work) ([]*line, error) {
		var out []*line
		for _, w := range all {
			if !o.only.MatchString(w.name) {
				continue
			}
			l, err := measure(ctx, w, ref, contenders, o.runs, o.limit)
			if err != nil {
				return nil, err
			}
			out = append(out, l)
		}
		return out, nil
	}
	var err error
	if o.only.MatchString("cold start") {
		if r.cold, err = coldStarts(ctx, g, py, ref, o.runs); err != nil {
			return err
		}
	}
	if r.lines, err = group(works()); err != nil {
		return err
	}
	for i := range splits {
		say(fmt.Sprintf("TPC-H, split %d", i+1))
		all, err := tpch(i)
		if err != nil {
			return err
		}
		lines, err := group(all)
		if err != nil {
			return err
		}
		if lines != nil {
			r.tpch = append(r.tpch, lines)
		}
	}
	return nil
}

// reference is one DuckDB over the generator's files.
func reference(ctx context.Context, parquet string) (*oracle.Reference, error) {
	ref, err := oracle.NewReference(ctx, memoryLimit)
	if err != nil {
		return nil, err
	}
	for _, source := range []string{"pg", "my"} {
		err = errors.Join(err, ref.Exec(ctx, "CREATE SCHEMA "+source))
		for _, table := range oracle.TPCHTables {
			err = errors.Join(err, ref.Exec(ctx, "CREATE VIEW "+source+"."+table+" AS FROM '"+filepath.Join(parquet, table+".parquet")+"'"))
		}
	}
	if err != nil {
		return nil, errors.Join(err, ref.Close())
	}
	return ref, nil
}

// lock keeps a second run out of the folder.
func lock(dir string) (func(), error) {
	f, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%s is in use by another run: %w", dir, err)
	}
	return func() { _ = f.Close() }, nil
}

// head says when, on what and by which command.
func head(ctx context.Context, o options, pg, my *source) string {
	command := "make bench"
	var args []string
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "dir" && f.Name != "lianji" && f.Name != "results" { // say nothing of what is measured
			args = append(args, "-"+f.Name+"="+f.Value.String())
		}
	})
	if args != nil {
		command += " PEERS='" + strings.Join(args, " ") + "'"
	}
	loads, _ := os.ReadFile("/proc/loadavg") // not on every system
	load := strings.Join(strings.Fields(string(loads))[:min(3, len(strings.Fields(string(loads))))], ", ")
	commit := "unknown"
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("%s, commit %s, `%s`, TPC-H at scale factor %g. %s; load %s at the beginning (1, 5 and 15 minutes). %s, %s, DuckDB 1.5.5.",
		time.Now().Format("2 January 2006, 15:04"), commit, command, o.sf, machine(), load, version(ctx, pg), version(ctx, my))
}
