package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lianji/lianji/internal/errs"
)

func (c *command) versionCommand() *cobra.Command {
	cmd := c.describe(&cobra.Command{Use: "version"}, "version")
	cmd.Args = c.exactly(0, "cli_no_arguments")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		duckdb, err := c.DuckDB(cmd.Context())
		if err != nil {
			return errs.From(err)
		}
		return c.print(fmt.Sprintf("lianji %s\nDuckDB %s\nGo %s", ownVersion(), duckdb, runtime.Version()))
	}
	return cmd
}

// ownVersion is what the build knows: a released version, or the commit.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && version == "(devel)":
			version = s.Value
		case s.Key == "vcs.modified" && s.Value == "true" && version != "(devel)":
			version += "+changes"
		}
	}
	return version
}
