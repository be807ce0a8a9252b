package audit

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

// childVariable makes this test binary the process that is killed.
const childVariable = "LIANJI_AUDIT_CHILD"

// child writes starts and ends from several goroutines until it is killed. What
// Start has returned for goes to standard output.
func child(dir string) {
	key, err := OpenSigner(dir+".key", Ed25519)
	if err == nil {
		var l *Log
		l, err = Open(context.Background(), Options{Dir: dir, GatewayID: "g1", Signer: key, sealEvery: 2 * time.Millisecond, segmentBytes: 20_000})
		if err == nil {
			var g safego.Group
			for range 16 {
				g.Go(func() error { return childLoad(l) })
			}
			err = g.Wait()
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(3)
}

func childLoad(l *Log) error {
	for i := 0; ; i++ {
		id, err := l.Start(context.Background(), Start{Query: strconv.Itoa(i), Principal: "zhang", Statement: strings.Repeat("x", i%300)})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(os.Stdout, "%s %d %s\n", id.Boot, id.Number, id.Hash); err != nil {
			return err
		}
		if err := l.End(End{Start: id, Outcome: Done}); err != nil {
			return err
		}
	}
}

// Whatever moment a process is killed at: each start that it was told of is there,
// and the folder is sound and goes on.
func TestKilled(t *testing.T) {
	times := 8
	if os.Getenv("LIANJI_LONG") != "" {
		times = 50
	}
	dir := t.TempDir() + "/audit"
	known := map[Point]bool{}
	for i := range times {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r, lines := bufio.NewReader(out), 0
		read := func() bool {
			line, err := r.ReadString('\n')
			if err != nil {
				return false // a line that was cut off tells nothing
			}
			var p Point
			if n, err := fmt.Sscan(line, &p.Boot, &p.Number, &p.Hash); n != 3 || err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			known[p] = true
			lines++
			return true
		}
		for lines < 50+i*37 && read() {
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for read() {
		}
		_, _ = io.Copy(io.Discard, r)
		_ = cmd.Wait() // "signal: killed"
	}
	key, err := OpenSigner(dir+".key", Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	l := opened(t, Options{Dir: dir, Signer: key})
	shut(t, l)
	report := verified(t, dir, nil, key)
	if !report.OK() || report.Boots != times+1 {
		t.Fatalf("%d boots, %+v", report.Boots, report.Findings)
	}
	starts := map[Point]bool{}
	for _, r := range validRecords(t, dir) {
		if r.Kind == KindStart {
			starts[r.point()] = true
		}
	}
	for p := range known {
		if !starts[p] {
			t.Errorf("the start %v was told of and is not there", p)
		}
	}
	t.Logf("%d starts told of, %d written, %d without an end, %d torn ends", len(known), len(starts), report.OpenAll, torn(report))
	if len(known) < times*50 {
		t.Errorf("only %d starts", len(known))
	}
}

func torn(r *Report) (n int) {
	for _, f := range r.Notes {
		if f.Problem == NoteTorn {
			n++
		}
	}
	return n
}

// validRecords skips what is no record, as a torn end.
func validRecords(tb testing.TB, dir string) []*Record {
	tb.Helper()
	segments, _, err := segmentsOf(dir)
	if err != nil {
		tb.Fatal(err)
	}
	var all []*Record
	for _, s := range segments {
		if err := readLines(dir+"/"+s.name, func(l line) error {
			if r, err := parseRecord(l.bytes); err == nil {
				all = append(all, r)
			}
			return nil
		}); err != nil {
			tb.Fatal(err)
		}
	}
	return all
}
