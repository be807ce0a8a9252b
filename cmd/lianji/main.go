// Command lianji is the program: the map of the engines that it can read, and
// nothing else.
package main

import (
	"context"
	"os"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/files"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/duck"
)

func main() {
	if code, is := asProcess(); is {
		os.Exit(code)
	}
	os.Exit(program().Main())
}

func program() cli.Program {
	return cli.Program{
		App: app.Options{
			Openers: map[string]connectors.Opener{
				"postgres": postgres.Open,
				"mysql":    mysql.Open,
				"sqlite":   sqlite.Open,
				"duckdb":   duckdb.Open,
				"files":    files.Open,
			},
			NewEngine: newEngine,
			Catalogue: catalogueProcess(),
		},
		AuditHeads: app.AuditHeads,
		City:       city(),
		DuckDB:     duckdbVersion,
	}
}

func duckdbVersion(ctx context.Context) (string, error) {
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return "", err
	}
	defer db.Close()
	conn, err := db.Connect()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.QueryText(ctx, "SELECT version()")
}
