package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"

	"github.com/jackc/pgx/v5"
)

var (
	cpuModel = regexp.MustCompile(`model name\s*: (.+)`)
	memTotal = regexp.MustCompile(`MemTotal:\s*(\d+) kB`)
)

func machine() string {
	find := func(file string, pattern *regexp.Regexp) string {
		text, _ := os.ReadFile(file) // not on every system
		if m := pattern.FindSubmatch(text); m != nil {
			return string(m[1])
		}
		return "0"
	}
	kb, err := strconv.Atoi(find("/proc/meminfo", memTotal))
	if err != nil {
		kb = 0
	}
	return fmt.Sprintf("%s/%s, %d cores (%s), %d GiB, shared by servers and clients", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), find("/proc/cpuinfo", cpuModel), (kb+1<<19)>>20)
}

// version asks a server for its own.
func version(ctx context.Context, s *source) string {
	text := "unknown"
	if s.name == "pg" {
		if conn, err := pgx.Connect(ctx, s.admin(database)); err == nil {
			defer conn.Close(ctx)
			_ = conn.QueryRow(ctx, "SHOW server_version").Scan(&text) // shown only
		}
		return "PostgreSQL " + text
	}
	if db, err := s.openMaria(reader, password, database); err == nil {
		defer db.Close()
		_ = db.QueryRowContext(ctx, "SELECT version()").Scan(&text) // shown only
	}
	return "MariaDB " + text
}
