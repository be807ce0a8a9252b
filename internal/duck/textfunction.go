package duck

/*
#include <stdlib.h>

void lianjiText(void *, void *, void *);
typedef void (*lianji_one)(void *);
typedef void (*lianji_three)(void *, void *, void *);
*/
import "C"

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// TextFunction is the name of the function of two texts, of which the first one says
// what is to be made of the second. The gate allows no user to name it, and it gives
// nothing but errors on an instance that was not told what it may make.
const TextFunction = "lianji_text"

// Appender writes behind dst what a function makes of a text. It is called by several
// threads at once.
type Appender func(dst []byte, text string) []byte

// textFunctions is what TextFunction may make on one instance.
type textFunctions struct {
	id     uint64
	byName atomic.Pointer[map[string]Appender]
}

var (
	textIDs atomic.Uint64
	texts   sync.Map // id -> *textFunctions
)

// Texts says what TextFunction makes on this instance from now on, by its first
// argument; nil takes everything back.
func (d *DB) Texts(byName map[string]Appender) {
	if d.texts != nil {
		d.texts.byName.Store(&byName)
	}
}

func (d *DB) registerText(c *Conn) error {
	d.texts = &textFunctions{id: textIDs.Add(1)}
	texts.Store(d.texts.id, d.texts)
	f := duckdb.CreateScalarFunction()
	defer duckdb.DestroyScalarFunction(&f)
	duckdb.ScalarFunctionSetName(f, TextFunction)
	text := duckdb.CreateLogicalType(duckdb.TypeVarchar)
	defer duckdb.DestroyLogicalType(&text)
	duckdb.ScalarFunctionAddParameter(f, text)
	duckdb.ScalarFunctionAddParameter(f, text)
	duckdb.ScalarFunctionSetReturnType(f, text)
	id := C.malloc(C.size_t(unsafe.Sizeof(d.texts.id)))
	*(*uint64)(id) = d.texts.id
	duckdb.ScalarFunctionSetExtraInfo(f, id, unsafe.Pointer(C.lianji_one(C.free)))
	duckdb.ScalarFunctionSetFunction(f, unsafe.Pointer(C.lianji_three(C.lianjiText)))
	if duckdb.RegisterScalarFunction(c.conn, f) == duckdb.StateError {
		return &Error{Kind: KindInternal, Message: "scalar function refused"}
	}
	return nil
}

func (d *DB) forgetText() {
	if d.texts != nil {
		texts.Delete(d.texts.id)
	}
}

// textBuffers are kept: one is as large as a chunk's texts.
var textBuffers = sync.Pool{New: func() any { return &textBuffer{} }}

type textBuffer struct {
	data    []byte
	offsets []int32
}

//export lianjiText
func lianjiText(ptr, in, out unsafe.Pointer) {
	info, chunk, result := duckdb.FunctionInfo{Ptr: ptr}, duckdb.DataChunk{Ptr: in}, duckdb.Vector{Ptr: out}
	guard(func(m string) { duckdb.ScalarFunctionSetError(info, m) }, func() error {
		kept, ok := texts.Load(*(*uint64)(duckdb.ScalarFunctionGetExtraInfo(info)))
		if !ok {
			return fmt.Errorf("no functions of that number")
		}
		byName := kept.(*textFunctions).byName.Load()
		n := int(duckdb.DataChunkGetSize(chunk))
		if n == 0 {
			return nil
		}
		name := newVector(duckdb.DataChunkGetVector(chunk, 0))
		arg := newVector(duckdb.DataChunkGetVector(chunk, 1))
		// The first argument is the same in every row.
		if byName == nil || !name.valid(0) {
			return fmt.Errorf("no text function is allowed here")
		}
		make := (*byName)[string(name.bytes(0))]
		if make == nil {
			return fmt.Errorf("no text function of that name is allowed here")
		}
		return writeTexts(result, arg, n, make)
	})
}

func writeTexts(result duckdb.Vector, arg vector, n int, make Appender) error {
	b := textBuffers.Get().(*textBuffer)
	defer textBuffers.Put(b)
	b.data, b.offsets = b.data[:0], append(b.offsets[:0], 0)
	for i := range n {
		if arg.valid(i) {
			b.data = make(b.data, string(arg.bytes(i)))
		}
		if len(b.data) > math.MaxInt32 {
			return fmt.Errorf("too much text at once")
		}
		b.offsets = append(b.offsets, int32(len(b.data)))
	}
	var mask []uint64
	if arg.mask != nil {
		duckdb.VectorEnsureValidityWritable(result)
		mask = unsafe.Slice((*uint64)(duckdb.VectorGetValidity(result)), (n+63)/64)
		copy(mask, arg.mask[:(n+63)/64])
	}
	return writeBytes(result, mask, b.offsets, b.data, n, 0)
}
