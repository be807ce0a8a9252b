// Package cli is the command line of lianji. Rows go to standard output and
// everything else to standard error; the exit code is 0 when all went well, 1 when
// the query failed, 2 for a wrong command line or configuration.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Program is what the commands work with.
type Program struct {
	App    app.Options // its Logger is made here
	City   City
	DuckDB func(context.Context) (string, error) // DuckDB's version
	// AuditHeads reads the audit's heads that the configuration's store keeps; nil: none are kept.
	AuditHeads func(context.Context, *config.Config) ([]audit.Head, error)
}

// City makes the sample city.
type City struct {
	Prepare    func(ctx context.Context, dir string, progress func(stage string)) (CityMade, error)
	Foreign    error // what Prepare wraps when the folder holds something else
	Statements []Statement
	Asker      string // the login of who asks the statements
	Purpose    string // what for
	TokensFile string // in the city's folder: a line "login token" for each principal
}

// CityMade says what Prepare did.
type CityMade struct {
	Reused bool
	Tokens []CityToken // none when they were made before
}

// CityToken is a token that was made for one of the city's principals.
type CityToken struct{ Login, Agency, Name, Role, Text string }

// Statement is one to try on the sample city.
type Statement struct {
	Title string
	SQL   string
	Check string // how its number is confirmed; empty where there is none
}

// Env is the world around one run.
type Env struct {
	Args           []string // without the program's name
	Name           string   // as the program was called
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
}

// endWithin is how long the process may take to end after an interrupt: the doors
// and the gateway have their own, shorter times before that.
const endWithin = 25 * time.Second

// Main runs the program as a process and gives its exit code. The first interrupt
// cancels what runs, a second one ends the process.
func (p Program) Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A statement that hears no interrupt must not keep the process from ending.
	context.AfterFunc(ctx, func() { time.AfterFunc(endWithin, func() { os.Exit(exitFailed) }) })
	context.AfterFunc(ctx, stop)
	// A reader that has enough, such as head, is met as an error of the write.
	signal.Ignore(syscall.SIGPIPE)
	return p.Run(ctx, Env{
		Args: os.Args[1:], Name: os.Args[0], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
	})
}

// Run runs one command line and gives its exit code.
func (p Program) Run(ctx context.Context, env Env) int {
	c := &command{Program: p, Env: env, langs: languages(env.LookupEnv)}
	root := c.root()
	root.SetArgs(env.Args)
	ran, err := root.ExecuteContextC(ctx)
	c.asked = strings.TrimPrefix(ran.CommandPath(), root.Name())
	return c.report(err)
}

// command is one run of the program.
type command struct {
	Program
	Env
	langs []string
	asked string // the command that was asked for, with a blank before it; empty for none
}

func (c *command) text(id string, args msg.Args) string { return msg.Text(id, args, c.langs...) }

// name is how people call the program in what it prints for them to copy.
func (c *command) name() string {
	if c.Name == "" {
		return "lianji"
	}
	return c.Name
}

// say prints a line for people on standard error, whose loss harms nobody. Names in
// it come from databases, and texts from a gateway: they cannot steer the terminal.
func (c *command) say(line string) {
	_, _ = io.WriteString(c.Stderr, output.Printable(line)+"\n")
}

// print prints a line of a command's answer on standard output: as it is, but for
// what would steer a terminal.
func (c *command) print(line string) error {
	if terminalWidth(c.Stdout) > 0 {
		line = output.Printable(line)
	}
	if _, err := io.WriteString(c.Stdout, line+"\n"); err != nil {
		return &output.WriteError{Err: err}
	}
	return nil
}

// languages follows the order in which the C library looks for the language of
// messages.
func languages(lookup func(string) (string, bool)) []string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v, _ := lookup(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "zh") {
				return []string{"zh-CN"}
			}
			break
		}
	}
	return []string{"en"}
}

func usage(id string, args msg.Args) *errs.Error { return errs.New(errs.Usage, id, args) }

// Both end a run after all was said; the second one as a wrong configuration does.
var (
	errDone      = errors.New("said already")
	errDoneUsage = fmt.Errorf("%w: configuration", errDone)
)

// exitCode gives the code for an error.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errDoneUsage):
		return exitUsage
	case errors.Is(err, errDone):
		return exitFailed
	}
	switch errs.CodeOf(err) {
	case errs.Usage, errs.ConfigInvalid:
		return exitUsage
	}
	return exitFailed
}

// baseName is the program's name without its folder, for help.
func (c *command) baseName() string { return filepath.Base(c.name()) }
