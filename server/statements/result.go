package statements

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"os"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// files counts the bytes of results.
type files struct {
	dir       string
	each, all int64

	mu   sync.Mutex
	used int64
	by   map[owner]int64
}

// take takes room for n bytes.
func (f *files) take(o owner, n int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.by[o]+n > f.each:
		return errs.New(errs.ResultTooLarge, "statements_large", msg.Args{"Most": f.each >> 20})
	case f.used+n > f.all:
		return errs.New(errs.DiskFull, "statements_full", nil)
	}
	f.used, f.by[o] = f.used+n, f.by[o]+n
	return nil
}

func (f *files) free(o owner, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used -= n
	if f.by[o] -= n; f.by[o] == 0 {
		delete(f.by, o)
	}
}

// result is the rows of a statement, in a file without a name in which a batch is a chunk.
// Its key is in memory alone, so nothing can be read of it when the program has ended.
type result struct {
	owner   owner
	columns []catalog.Column
	schema  *arrow.Schema
	footer  server.Footer // of the whole answer
	aead    cipher.AEAD
	file    *os.File
	chunks  []chunk
	rows    int64
	bytes   int64 // of the file
}

// chunk is one batch in the file.
type chunk struct {
	at, size  int64
	from, end int64 // its rows
}

func (f *files) create(o owner, columns []catalog.Column) (*result, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errs.From(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, errs.From(err)
	}
	file, err := os.CreateTemp(f.dir, "result-")
	if err != nil {
		return nil, errs.From(err)
	}
	// What has no name is gone when the program ends, however it does.
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, errs.From(err)
	}
	return &result{owner: o, columns: columns, schema: catalog.ArrowSchema(columns), aead: aead, file: file}, nil
}

// place binds a chunk to its place: none can stand for another.
func place(number int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(number)) }

// add keeps a batch.
func (r *result) add(f *files, batch arrow.RecordBatch) error {
	var text bytes.Buffer
	w := ipc.NewWriter(&text, ipc.WithSchema(r.schema))
	if err := w.Write(batch); err != nil {
		return errs.From(err)
	}
	if err := w.Close(); err != nil {
		return errs.From(err)
	}
	sealed := r.aead.Seal(nil, nil, text.Bytes(), place(len(r.chunks)))
	size := int64(len(sealed))
	if err := f.take(r.owner, size); err != nil {
		return err
	}
	c := chunk{at: r.bytes, size: size, from: r.rows, end: r.rows + batch.NumRows()}
	r.bytes += size
	if _, err := r.file.WriteAt(sealed, c.at); err != nil {
		return errs.Wrap(errs.DiskFull, "statements_full", nil, err)
	}
	r.chunks, r.rows = append(r.chunks, c), c.end
	return nil
}

// read gives the batch of a chunk. The caller releases it.
func (r *result) read(number int) (arrow.RecordBatch, error) {
	c := r.chunks[number]
	sealed := make([]byte, c.size)
	if _, err := r.file.ReadAt(sealed, c.at); err != nil {
		return nil, errs.From(err)
	}
	text, err := r.aead.Open(nil, nil, sealed, place(number))
	if err != nil {
		return nil, errs.From(err)
	}
	in, err := ipc.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, errs.From(err)
	}
	defer in.Release()
	batch, err := in.Read()
	if err != nil {
		return nil, errs.From(err)
	}
	batch.Retain()
	return batch, nil
}

func (r *result) drop(f *files) {
	f.free(r.owner, r.bytes)
	r.bytes, r.chunks = 0, nil
	_ = r.file.Close() // it has no name any more
}
