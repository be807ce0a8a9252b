package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

// Both databases are called tpch and read by the account bench. They listen on
// 127.0.0.1 while this program runs; the data is TPC-H's.
const (
	database = "tpch"
	reader   = "bench"
	password = "bench"
)

// Settings beyond the servers' own: memory for this much data, and no waiting for a
// disk while it is loaded.
var (
	postgresSettings = []string{"shared_buffers=1GB", "work_mem=64MB", "maintenance_work_mem=256MB", "max_wal_size=4GB", "synchronous_commit=off"}
	mariaSettings    = []string{"innodb-buffer-pool-size=2G", "innodb-log-file-size=512M", "innodb-flush-log-at-trx-commit=2", "max-allowed-packet=64M"}
)

// mariaCollation compares by code point, as DuckDB does. With the server's default,
// which ignores case, texts could not be grouped or sorted there by anybody who wants
// DuckDB's answer.
const mariaCollation = "utf8mb4_nopad_bin"

// source is one of the two databases.
type source struct {
	name string // as statements call it: pg, my
	dir  string
	port int
	run  *process
}

func (s *source) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

func (s *source) url() string {
	scheme := map[string]string{"pg": "postgres", "my": "mysql"}[s.name]
	return fmt.Sprintf("%s://%s:%s@%s/%s", scheme, reader, password, s.address(), database)
}

func (s *source) data() string { return filepath.Join(s.dir, "data") }

func startPostgres(ctx context.Context, dir string) (_ *source, err error) {
	s := &source{name: "pg", dir: dir}
	bin, err := newest("/usr/lib/postgresql/*/bin", "postgres")
	if err != nil {
		return nil, err
	}
	if err := folderOf(dir, "postgres"); err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.data()); err != nil {
		if err := once(ctx, dir, "postgres", filepath.Join(bin, "initdb"), "-D", s.data(), "-U", reader, "--auth=trust", "--encoding=UTF8", "--locale=C"); err != nil {
			return nil, err
		}
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	args := []string{filepath.Join(bin, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + dir}
	for _, setting := range postgresSettings {
		args = append(args, "-c", setting)
	}
	s.run, err = server{name: "postgres", dir: dir, as: "postgres", signal: "INT", args: args, ready: func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, s.admin("postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}}.start(ctx)
	return s, err
}

// admin is the way of pgx into a database of PostgreSQL.
func (s *source) admin(database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", reader, s.address(), database)
}

func startMaria(ctx context.Context, dir string) (_ *source, err error) {
	s := &source{name: "my", dir: dir}
	bin, err := newest("/usr/sbin", "mariadbd")
	if err != nil {
		return nil, err
	}
	if err := folderOf(dir, "mysql"); err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.data()); err != nil {
		if err := once(ctx, dir, "mysql", "mariadb-install-db", "--no-defaults", "--datadir="+s.data(), "--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
			return nil, err
		}
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	args := []string{filepath.Join(bin, "mariadbd"), "--no-defaults", "--datadir=" + s.data(), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.port),
		"--socket=" + filepath.Join(dir, "mariadb.sock"), "--pid-file=" + filepath.Join(dir, "mariadb.pid"), "--skip-log-bin", "--local-infile=1",
		"--character-set-server=utf8mb4", "--collation-server=" + mariaCollation}
	for _, setting := range mariaSettings {
		args = append(args, "--"+setting)
	}
	s.run, err = server{name: "mariadb", dir: dir, as: "mysql", signal: "TERM", args: args, ready: func(ctx context.Context) error {
		db, err := s.openMaria("root", "", "")
		if err != nil {
			return err
		}
		defer db.Close()
		return db.PingContext(ctx)
	}}.start(ctx)
	return s, err
}

// openMaria gives the driver's connections to MariaDB.
func (s *source) openMaria(user, password, database string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName, c.Net, c.Addr = user, password, database, "tcp", s.address()
	c.Logger, c.AllowAllFiles = &mysql.NopLogger{}, true
	if user == "root" {
		c.Net, c.Addr = "unix", filepath.Join(s.dir, "mariadb.sock")
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// newest finds a program in the last of the folders that match.
func newest(pattern, program string) (string, error) {
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(dirs[i], program)); err == nil {
			return dirs[i], nil
		}
	}
	return "", fmt.Errorf("%s is not there: scripts/install-test-deps.sh", program)
}
