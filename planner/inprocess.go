package planner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/planner/planjson"
)

// Limits of the in-process binder.
const (
	bindDeadline = 2 * time.Second
	binderMemory = 500 << 20
	binderCount  = 2    // instances, so at most so many binds at the same time
	stubsKept    = 2000 // an instance with more is thrown away
	maxPlanBytes = 16 << 20
)

const (
	treeSQL = "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR), skip_null := true, skip_empty := false) AS VARCHAR)"
	planSQL = "SELECT CAST(json_serialize_plan(CAST($1 AS VARCHAR), skip_null := true, skip_empty := false, optimize := false) AS VARCHAR)"
)

// InProcess is the Binder that lives in this process: a few locked instances
// without a spill folder, one statement at a time each.
type InProcess struct {
	zone string
	free chan *bindInstance // nil entries are places where no instance is open yet
	done chan struct{}
	once sync.Once
}

// NewInProcess makes a binder whose session zone is zone, the executor's own.
func NewInProcess(zone string) *InProcess {
	b := &InProcess{zone: zone, free: make(chan *bindInstance, binderCount), done: make(chan struct{})}
	for range binderCount {
		b.free <- nil
	}
	return b
}

// bindInstance is one DuckDB instance and the stubs that it holds.
type bindInstance struct {
	db       *duck.DB
	conn     *duck.Conn
	second   *duck.Conn // describes while the first one plans
	tree     *duck.Stmt // of treeSQL, and plan of planSQL: prepared once
	plan     *duck.Stmt
	catalogs map[string]bool
	stubs    map[string]uint64 // place -> fingerprint of its columns
}

func openBindInstance(ctx context.Context, zone string) (*bindInstance, error) {
	db, err := duck.Open(ctx, duck.Options{MemoryBytes: binderMemory, TimeZone: zone})
	if err != nil {
		return nil, err
	}
	i := &bindInstance{db: db, catalogs: map[string]bool{}, stubs: map[string]uint64{}}
	if err := i.connect(ctx); err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

func (i *bindInstance) connect(ctx context.Context) (err error) {
	for _, c := range []**duck.Conn{&i.conn, &i.second} {
		if *c, err = i.db.Connect(); err != nil {
			return err
		}
		// What a binder prepares never runs: the optimiser would only take its time, and
		// compute constants.
		if err := (*c).Exec(ctx, "PRAGMA disable_optimizer"); err != nil {
			return err
		}
	}
	if i.tree, err = i.conn.Prepare(ctx, treeSQL); err != nil {
		return err
	}
	i.plan, err = i.conn.Prepare(ctx, planSQL)
	return err
}

func (i *bindInstance) close() {
	for _, s := range []*duck.Stmt{i.tree, i.plan} {
		if s != nil {
			s.Close()
		}
	}
	for _, c := range []*duck.Conn{i.conn, i.second} {
		if c != nil {
			c.Close()
		}
	}
	i.db.Close()
}

// with runs f on an instance of its own.
func (b *InProcess) with(ctx context.Context, f func(ctx context.Context, i *bindInstance) error) error {
	ctx, cancel := context.WithTimeout(ctx, bindDeadline)
	defer cancel()
	inst, err := b.take(ctx)
	if err != nil {
		return err
	}
	err = f(ctx, inst)
	b.give(ctx, inst, err)
	return err
}

// take gives an instance that nobody else uses until it is given back.
func (b *InProcess) take(ctx context.Context) (*bindInstance, error) {
	var inst *bindInstance
	select {
	case inst = <-b.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b.done:
		return nil, errBinderClosed
	}
	if inst != nil {
		return inst, nil
	}
	inst, err := openBindInstance(ctx, b.zone)
	if err != nil {
		b.free <- nil
		return nil, err
	}
	return inst, nil
}

// give takes an instance back from who used it in ctx, with err for an outcome.
func (b *InProcess) give(ctx context.Context, inst *bindInstance, err error) {
	var fatal *duck.Error
	if ctx.Err() != nil || (errors.As(err, &fatal) && fatal.Fatal()) || len(inst.stubs) > stubsKept {
		inst.close()
		inst = nil
	}
	b.free <- inst
}

var errBinderClosed = errors.New("the binder is closed")

// Close implements Binder. It waits for binds that run.
func (b *InProcess) Close() {
	b.once.Do(func() {
		close(b.done)
		for range binderCount {
			if inst := <-b.free; inst != nil {
				inst.close()
			}
		}
	})
}

// Settings implements Binder: the zone is all that one sets.
func (b *InProcess) Settings() string { return b.zone }

// ParseTree implements Binder.
func (b *InProcess) ParseTree(ctx context.Context, sql string) (tree string, err error) {
	err = b.with(ctx, func(ctx context.Context, i *bindInstance) (err error) {
		tree, err = i.tree.Text(ctx, textValue(sql))
		return err
	})
	return tree, err
}

// Bind implements Binder.
func (b *InProcess) Bind(ctx context.Context, r BindRequest) (*Bound, error) {
	ctx, cancel := context.WithTimeout(ctx, bindDeadline)
	inst, err := b.take(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	if err := inst.ensure(ctx, stubTexts(r.Stubs)); err != nil {
		b.give(ctx, inst, err)
		cancel()
		return nil, err
	}
	told := &Bound{}
	answer, described, err := inst.bind(ctx, r.SQL, r.PlanToo, told)
	if err != nil {
		b.give(ctx, inst, err)
		cancel()
		return nil, err
	}
	bound := &Bound{later: told, described: safego.Run(func() error { // beside the reading of its answer
		defer cancel()
		err := <-described
		b.give(ctx, inst, err)
		return err
	})}
	return bound.read(r, answer)
}

// bind gives DuckDB's answer about the plan, where one is wanted, and describes the text
// at the same time: told holds that once described gave its outcome. After an error
// nothing runs any more.
func (i *bindInstance) bind(ctx context.Context, sql string, plan bool, told *Bound) (answer string, described <-chan error, err error) {
	described = safego.Run(func() error { return i.describe(ctx, sql, told) })
	if !plan {
		return "", described, nil
	}
	if answer, err = i.planText(ctx, sql); err != nil {
		<-described
		return "", nil, err
	}
	return answer, described, nil
}

// read reads the plan, and waits for the description unless the request says not to.
func (b *Bound) read(r BindRequest, answer string) (*Bound, error) {
	var err error
	if r.PlanToo {
		b.Plan, b.PlanText, err = planOf(answer)
	}
	if err != nil || !r.PlanFirst || !r.PlanToo {
		if failed := b.Described(); failed != nil {
			return nil, failed
		}
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// planText gives DuckDB's answer about the plan.
func (i *bindInstance) planText(ctx context.Context, sql string) (string, error) {
	answer, err := i.plan.Text(ctx, textValue(sql))
	switch {
	case err != nil:
		return "", err
	case len(answer) > maxPlanBytes:
		return "", &BindError{Type: "too_complex", Message: "a plan of more than 16 MiB", Position: -1}
	case !strings.HasPrefix(answer, planBefore):
		return "", refused(answer)
	}
	return answer, nil
}

func textValue(s string) catalog.Value {
	return catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: s}
}

// stubText is a stub as an instance makes it.
type stubText struct {
	Catalog, Schema, Name string
	Columns               string // of CREATE TABLE
}

func stubTexts(stubs []Stub) []stubText {
	out := make([]stubText, len(stubs))
	for i, s := range stubs {
		var columns strings.Builder
		for k, c := range s.Columns {
			if k > 0 {
				columns.WriteString(", ")
			}
			columns.WriteString(catalog.QuoteIdent(c.Name) + " " + c.Type.DuckDB())
		}
		out[i] = stubText{s.Catalog, s.Schema, s.Name, columns.String()}
	}
	return out
}

// ensure makes the stubs that the instance does not have yet.
func (i *bindInstance) ensure(ctx context.Context, stubs []stubText) error {
	for _, s := range stubs {
		if !i.catalogs[s.Catalog] {
			if err := i.conn.Exec(ctx, "ATTACH ':memory:' AS "+catalog.QuoteIdent(s.Catalog)); err != nil {
				return err
			}
			i.catalogs[s.Catalog] = true
		}
		place := catalog.QuoteIdent(s.Catalog) + "." + catalog.QuoteIdent(s.Schema)
		h := fnv.New64a()
		h.Write([]byte(s.Columns))
		full := place + "." + catalog.QuoteIdent(s.Name)
		key := catalog.Fold(full)
		if i.stubs[key] == h.Sum64() {
			continue
		}
		if err := i.conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+place); err != nil {
			return err
		}
		if err := i.conn.Exec(ctx, "CREATE OR REPLACE TABLE "+full+" ("+s.Columns+")"); err != nil {
			return err
		}
		i.stubs[key] = h.Sum64()
	}
	return nil
}

// What stands before and after the one plan in an answer.
const (
	planBefore = `{"error":false,"plans":[`
	planAfter  = `]}`
)

// planOf takes the one plan out of an answer.
func planOf(answer string) (*planjson.Value, string, error) {
	text, ok := strings.CutSuffix(strings.TrimPrefix(answer, planBefore), planAfter)
	if !ok {
		return nil, "", refused(answer)
	}
	plan, err := planjson.Parse(text)
	switch {
	case errors.Is(err, planjson.ErrNesting):
		return nil, "", &BindError{Type: "too_complex", Message: "a plan of too many levels", Position: -1}
	case err != nil:
		return nil, "", refused(answer)
	}
	return plan, text, nil
}

// refused gives the error of an answer that does not hold one plan.
func refused(text string) error {
	var answer struct {
		Error        bool              `json:"error"`
		ErrorType    string            `json:"error_type"`
		ErrorMessage string            `json:"error_message"`
		Position     string            `json:"position"`
		Subtype      string            `json:"error_subtype"`
		Name         string            `json:"name"`
		Plans        []json.RawMessage `json:"plans"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		// A literal such as 1e400 makes DuckDB write something that is not JSON.
		return &BindError{Type: "not_implemented", Message: "the plan is not JSON: " + err.Error(), Position: -1}
	}
	if answer.Error {
		e := &BindError{Type: answer.ErrorType, Subtype: answer.Subtype, Name: answer.Name, Message: answer.ErrorMessage, Position: -1}
		if p, err := strconv.Atoi(answer.Position); err == nil {
			e.Position = p
		}
		return e
	}
	return &BindError{Type: "invalid", Message: fmt.Sprintf("an answer that is not understood, of %d plans", len(answer.Plans)), Position: -1}
}

// describe prepares the text: names and types of the result come from there only.
func (i *bindInstance) describe(ctx context.Context, sql string, bound *Bound) error {
	stmt, err := i.second.Prepare(ctx, sql)
	if err != nil {
		var d *duck.Error
		if errors.As(err, &d) && !d.Fatal() {
			return &BindError{Type: "binder", Message: d.Message, Position: -1}
		}
		return err
	}
	defer stmt.Close()
	if !stmt.Select() {
		return &BindError{Type: "invalid", Message: "not a SELECT", Position: -1}
	}
	for _, c := range stmt.Columns() {
		bound.Columns = append(bound.Columns, catalog.Column{Name: c.Name, Type: c.Type})
	}
	bound.Params = map[int]catalog.Type{}
	for name, t := range stmt.Params() {
		n, err := strconv.Atoi(name)
		if err != nil {
			return &BindError{Type: "invalid", Message: "a named parameter was not numbered", Position: -1}
		}
		bound.Params[n] = t
	}
	return nil
}
