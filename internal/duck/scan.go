package duck

/*
#include <stdint.h>
#include <stdlib.h>

void lianjiScanBind(void *);
void lianjiScanInit(void *);
void lianjiScanNext(void *, void *);
typedef void (*lianji_one)(void *);
typedef void (*lianji_two)(void *, void *);
*/
import "C"

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// scanFunction is the table function's name. The gate allows no user to name it.
const scanFunction = "lianji_scan"

// ArrowStream is what a scan reads; connectors.Stream has this shape.
type ArrowStream interface {
	Next() bool
	RecordBatch() arrow.RecordBatch
	Err() error
}

// Scan hands one Arrow stream to the statements of an instance, once: a stream
// cannot be read twice, so a second opening fails the statement.
type Scan struct {
	id      uint64
	columns []catalog.Column
	fetched []int
	order   []int // the table function's columns: those that the stream has come first
	width   int   // columns of the stream
	rows    int64
	open    func(ctx context.Context, whole bool) (ArrowStream, error)
	whole   bool // set before the stream is opened
	ctx     context.Context
	threads int

	opened atomic.Bool
	mu     sync.Mutex // over what follows; held while the source is waited for
	stream ArrowStream
	batch  arrow.RecordBatch
	offset int64
	done   bool
	err    error
}

// ScanOptions describe a Scan.
type ScanOptions struct {
	Columns []catalog.Column
	// Fetched gives, for each of Columns, its place in the stream; -1 for one that
	// the stream leaves out. Nil means all, in order.
	Fetched []int
	// Rows is an estimate for DuckDB's join order; below 0 means unknown.
	Rows int64
	// Open starts the stream when DuckDB starts to read. It is called once at most,
	// with the context of NewScan; whoever makes the stream releases it after the
	// statement has ended. Whole asks for all of Columns, in order: DuckDB reads one
	// that Fetched leaves out, because it is needed or because DuckDB prunes less.
	Open func(ctx context.Context, whole bool) (ArrowStream, error)
	// Threads is how many threads may share the stream; 0 means 1. With more than
	// one, rows come in any order.
	Threads int
}

var (
	scanIDs atomic.Uint64
	scans   sync.Map // id -> *Scan
)

// NewScan makes a scan. The caller closes it after the statements that name it ended.
func NewScan(ctx context.Context, o ScanOptions) *Scan {
	s := &Scan{id: scanIDs.Add(1), columns: o.Columns, fetched: slices.Clone(o.Fetched), rows: o.Rows, open: o.Open, ctx: ctx, threads: max(o.Threads, 1)}
	if s.fetched == nil {
		for i := range s.columns {
			s.fetched = append(s.fetched, i)
		}
	}
	// A statement that reads no column, such as count(*), asks for the first one.
	for i, k := range s.fetched {
		if k >= 0 {
			s.order = append(s.order, i)
		}
	}
	s.width = len(s.order)
	for i, k := range s.fetched {
		if k < 0 {
			s.order = append(s.order, i)
		}
	}
	scans.Store(s.id, s)
	return s
}

// Close forgets the scan. Statements that name it fail from now on.
func (s *Scan) Close() {
	scans.Delete(s.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropBatch()
	s.done = true
}

// Err is what the scan's stream failed with, or nil: the statement's own error
// only carries its text.
func (s *Scan) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// fail keeps the first error for Err and gives it back.
func (s *Scan) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	return err
}

// readWhole makes the scan read every column. It comes before the stream is opened.
func (s *Scan) readWhole() {
	s.whole, s.width = true, len(s.columns)
	for i := range s.fetched {
		s.fetched[i] = i
	}
}

// SQL writes a SELECT of all columns with their own names and types.
func (s *Scan) SQL() string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range s.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		name := catalog.QuoteIdent(c.Name)
		if scanNeedsCast(c.Type) {
			fmt.Fprintf(&b, "CAST(%s AS %s) AS ", name, c.Type.DuckDB())
		}
		b.WriteString(name)
	}
	return b.String() + " FROM system.main." + scanFunction + "(CAST(" + strconv.FormatUint(s.id, 10) + " AS UBIGINT))"
}

func (s *Scan) dropBatch() {
	if s.batch != nil {
		s.batch.Release()
		s.batch = nil
	}
}

// next gives up to n rows of the stream, nil at the end. The caller releases them.
func (s *Scan) next(n int64) (arrow.RecordBatch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.err != nil || s.done {
			return nil, s.err
		}
		if s.batch != nil && s.offset < s.batch.NumRows() {
			end := min(s.offset+n, s.batch.NumRows())
			part := s.batch.NewSlice(s.offset, end)
			s.offset = end
			return part, nil
		}
		s.dropBatch()
		if s.stream == nil {
			if s.stream, s.err = s.open(s.ctx, s.whole); s.err != nil {
				continue
			}
		}
		if s.err = s.ctx.Err(); s.err != nil {
			continue
		}
		if !s.stream.Next() {
			s.done, s.err = true, s.stream.Err()
			continue
		}
		s.batch, s.offset = s.stream.RecordBatch(), 0
		s.batch.Retain()
		if int(s.batch.NumCols()) != s.width {
			s.err = fmt.Errorf("a batch of %d columns, %d expected", s.batch.NumCols(), s.width)
		}
	}
}

func (c *Conn) registerScan() error {
	f := duckdb.CreateTableFunction()
	defer duckdb.DestroyTableFunction(&f)
	duckdb.TableFunctionSetName(f, scanFunction)
	id := duckdb.CreateLogicalType(duckdb.TypeUBigInt)
	defer duckdb.DestroyLogicalType(&id)
	duckdb.TableFunctionAddParameter(f, id)
	duckdb.TableFunctionSupportsProjectionPushdown(f, true)
	duckdb.TableFunctionSetBind(f, unsafe.Pointer(C.lianji_one(C.lianjiScanBind)))
	duckdb.TableFunctionSetInit(f, unsafe.Pointer(C.lianji_one(C.lianjiScanInit)))
	duckdb.TableFunctionSetFunction(f, unsafe.Pointer(C.lianji_two(C.lianjiScanNext)))
	if duckdb.RegisterTableFunction(c.conn, f) == duckdb.StateError {
		return &Error{Kind: KindInternal, Message: "table function refused"}
	}
	return nil
}

// scanCall is the C-side data of one bound or started scan.
type scanCall struct {
	id      uint64
	columns C.int // started: how many of projection follow
}

const maxProjection = 1 << 20

func newScanCall(id uint64, projection []int32) unsafe.Pointer {
	p := C.malloc(C.size_t(unsafe.Sizeof(scanCall{})) + C.size_t(4*len(projection)))
	*(*scanCall)(p) = scanCall{id: id, columns: C.int(len(projection))}
	copy(unsafe.Slice((*int32)(unsafe.Add(p, unsafe.Sizeof(scanCall{}))), len(projection)), projection)
	return p
}

func (c *scanCall) projection() []int32 {
	return unsafe.Slice((*int32)(unsafe.Add(unsafe.Pointer(c), unsafe.Sizeof(scanCall{}))), int(c.columns))
}

func lookup(id uint64) (*Scan, error) {
	if s, ok := scans.Load(id); ok {
		return s.(*Scan), nil
	}
	return nil, fmt.Errorf("no scan of that number")
}

// guard turns an error or a panic of a callback into DuckDB's error.
func guard(set func(string), body func() error) {
	defer func() {
		if p := recover(); p != nil {
			set(fmt.Sprintf("scan failed: %v", p))
		}
	}()
	if err := body(); err != nil {
		set("scan failed: " + err.Error())
	}
}

//export lianjiScanBind
func lianjiScanBind(ptr unsafe.Pointer) {
	info := duckdb.BindInfo{Ptr: ptr}
	guard(func(m string) { duckdb.BindSetError(info, m) }, func() error {
		v := duckdb.BindGetParameter(info, 0)
		id := duckdb.GetUInt64(v)
		duckdb.DestroyValue(&v)
		s, err := lookup(id)
		if err != nil {
			return err
		}
		for _, k := range s.order {
			t := scanType(s.columns[k].Type)
			duckdb.BindAddResultColumn(info, s.columns[k].Name, t)
			duckdb.DestroyLogicalType(&t)
		}
		if s.rows >= 0 {
			duckdb.BindSetCardinality(info, duckdb.IdxT(s.rows), false)
		}
		duckdb.BindSetBindData(info, newScanCall(id, nil), unsafe.Pointer(C.lianji_one(C.free)))
		return nil
	})
}

//export lianjiScanInit
func lianjiScanInit(ptr unsafe.Pointer) {
	info := duckdb.InitInfo{Ptr: ptr}
	guard(func(m string) { duckdb.InitSetError(info, m) }, func() error {
		id := (*scanCall)(duckdb.InitGetBindData(info)).id
		s, err := lookup(id)
		if err != nil {
			return err
		}
		if s.opened.Swap(true) {
			return s.fail(fmt.Errorf("a stream was opened a second time"))
		}
		n := duckdb.InitGetColumnCount(info)
		if n > maxProjection {
			return fmt.Errorf("too many columns")
		}
		projection := make([]int32, n)
		for i := range n {
			projection[i] = -1 // rowid and the like: counted, never read
			if k := duckdb.InitGetColumnIndex(info, i); uint64(k) < uint64(len(s.columns)) {
				column := s.order[k]
				if s.fetched[column] < 0 {
					s.readWhole()
				}
				projection[i] = int32(column)
			}
		}
		duckdb.InitSetInitData(info, newScanCall(id, projection), unsafe.Pointer(C.lianji_one(C.free)))
		duckdb.InitSetMaxThreads(info, duckdb.IdxT(s.threads))
		return nil
	})
}

//export lianjiScanNext
func lianjiScanNext(ptr, out unsafe.Pointer) {
	info, chunk := duckdb.FunctionInfo{Ptr: ptr}, duckdb.DataChunk{Ptr: out}
	guard(func(m string) { duckdb.FunctionSetError(info, m) }, func() error {
		call := (*scanCall)(duckdb.FunctionGetInitData(info))
		s, err := lookup(call.id)
		if err != nil {
			return err
		}
		part, err := s.next(int64(duckdb.VectorSize()))
		if err != nil {
			return err
		}
		if part == nil {
			duckdb.DataChunkSetSize(chunk, 0)
			return nil
		}
		defer part.Release()
		n := int(part.NumRows())
		for i, k := range call.projection() {
			v := duckdb.DataChunkGetVector(chunk, duckdb.IdxT(i))
			if k < 0 {
				continue
			}
			if err := writeVector(v, part.Column(s.fetched[k]), s.columns[k].Type, n, 0); err != nil {
				return s.fail(err)
			}
		}
		duckdb.DataChunkSetSize(chunk, duckdb.IdxT(n))
		return nil
	})
}
