package exec

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
)

// keySource reads a stream into memory before whoever reads it gets its rows, because
// other streams wait for its keys. Whoever comes first, of them and its own reader,
// starts it. It is read by one goroutine; Release comes after every other call.
type keySource struct {
	start  func(ctx context.Context) (openStream, error) // set before anything is read
	types  []catalog.Type
	limits planner.Keyed // Rows and Bytes, the greatest of those who wait

	mu     sync.Mutex // over gathering
	ready  bool       // gathered, or failed with err
	err    error
	over   bool                    // there is more than the limits allow
	keys   map[int][]catalog.Value // by column of those who wait; each once, without NULL
	stream openStream
	waits  map[*planner.Stream]bool // who may; the others are read while streams are shown

	held  []arrow.RecordBatch // not given yet; retained
	batch arrow.RecordBatch   // of held, given last; nil for one of stream's own
	ended bool                // stream has no more
}

// keySources gives a keySource for each stream for whose keys another one waits. A
// stream that shares its place, or is read into a table first, takes no part: the
// two could not be read at the same time.
func (r *Rows) keySources(streams []*planner.Stream, places map[*planner.Stream]place) map[*planner.Stream]*keySource {
	takesPart := func(s *planner.Stream) bool {
		return s.Stage == nil && !s.Spool && !places[s].shared && !slices.Contains(s.Fetched, -1)
	}
	out := map[*planner.Stream]*keySource{}
	for _, s := range streams {
		if s.Keyed == nil || !takesPart(s) || !takesPart(s.Keyed.By) {
			continue
		}
		by := s.Keyed.By
		k := out[by]
		if k == nil {
			k = &keySource{keys: map[int][]catalog.Value{}, waits: map[*planner.Stream]bool{}}
			for _, c := range by.Columns {
				k.types = append(k.types, c.Type)
			}
			out[by] = k
			r.free = append(r.free, k.Release)
		}
		k.keys[s.Keyed.Column], k.waits[s] = nil, true
		k.limits.Rows, k.limits.Bytes = max(k.limits.Rows, s.Keyed.Rows), max(k.limits.Bytes, s.Keyed.Bytes)
	}
	return out
}

// starter starts a stream; whole asks for every column that the residual sees.
type starter func(ctx context.Context, whole bool) (openStream, error)

// keysFor gives whose keys s waits for; nil when it does not.
func (r *Rows) keysFor(s *planner.Stream) *keySource {
	if s.Keyed == nil {
		return nil
	}
	k := r.keys[s.Keyed.By]
	if k == nil || !k.waits[s] {
		return nil
	}
	return k
}

// withKeys gives what starts s in the place of start: after the keys that it waits
// for, and with its own keys gathered. Read starts another form of s.
func (r *Rows) withKeys(s *planner.Stream, start starter, read func(context.Context, *planner.Stream) (openStream, error)) starter {
	if from := r.keysFor(s); from != nil {
		all := start
		start = func(ctx context.Context, whole bool) (openStream, error) {
			if whole {
				return all(ctx, whole)
			}
			keys, why, err := from.of(ctx, s.Keyed.Column)
			if err != nil {
				return nil, err
			}
			if why == "" && len(keys) == 0 {
				r.measure.sent(s, planner.KeysSent{})
				return noRows{}, nil
			}
			var asked *planner.Stream
			if why == "" {
				asked, why = s.WithKeys(keys)
			}
			if why != "" {
				r.measure.sent(s, planner.KeysSent{Without: why})
				return all(ctx, whole)
			}
			r.measure.sent(s, planner.KeysSent{Keys: len(keys)})
			return read(ctx, asked)
		}
	}
	k := r.keys[s]
	if k == nil {
		return start
	}
	k.start = func(ctx context.Context) (openStream, error) { return start(ctx, false) }
	return func(ctx context.Context, whole bool) (openStream, error) {
		if whole {
			return nil, errs.Internalf("a stream that has keys lacks a column")
		}
		return k, k.gather(ctx)
	}
}

// of gives the keys of a column, or says in words why they are not known.
func (k *keySource) of(ctx context.Context, column int) (keys []catalog.Value, why string, err error) {
	if err := k.gather(ctx); err != nil {
		return nil, "", err
	}
	if k.over {
		return nil, "there are too many rows with keys", nil
	}
	return k.keys[column], "", nil
}

// gather reads as much as the limits allow, once, and takes the keys out of it. Its
// error is the same for everybody.
func (k *keySource) gather(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ready {
		return k.err
	}
	k.ready = true
	if k.start == nil {
		k.err = errs.Internalf("keys of a stream that nobody reads")
		return k.err
	}
	if k.stream, k.err = k.start(ctx); k.err != nil {
		return k.err
	}
	k.read()
	if k.err == nil && !k.over {
		for column := range k.keys {
			if k.keys[column], k.err = keysOf(k.held, column, k.types[column]); k.err != nil {
				break
			}
		}
	}
	return k.err
}

func (k *keySource) read() {
	rows, bytes := int64(0), int64(0)
	for k.stream.Next() {
		b := k.stream.RecordBatch()
		b.Retain()
		k.held = append(k.held, b)
		rows, bytes = rows+b.NumRows(), bytes+sizeOf(b)
		if rows > k.limits.Rows || bytes > k.limits.Bytes {
			k.over = true
			return
		}
	}
	k.ended, k.err = true, k.stream.Err()
}

// Next moves to the next batch: of what was gathered, then of the stream.
func (k *keySource) Next() bool {
	k.drop()
	if k.err != nil {
		return false
	}
	if len(k.held) > 0 {
		k.batch, k.held = k.held[0], k.held[1:]
		return true
	}
	return !k.ended && k.stream.Next()
}

func (k *keySource) drop() {
	if k.batch != nil {
		k.batch.Release()
		k.batch = nil
	}
}

// RecordBatch is valid until the next call of Next or Release.
func (k *keySource) RecordBatch() arrow.RecordBatch {
	if k.batch != nil {
		return k.batch
	}
	return k.stream.RecordBatch()
}

// Err is the stream's.
func (k *keySource) Err() error {
	if k.err != nil || k.ended {
		return k.err
	}
	return k.stream.Err()
}

// Release ends the stream, also one that nobody has read, and frees what is held. It
// may be repeated.
func (k *keySource) Release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop()
	for _, b := range k.held {
		b.Release()
	}
	if !k.ready {
		k.err = errs.Internalf("keys of a stream that was released")
	}
	k.held, k.ended, k.ready = nil, true, true
	if k.stream != nil {
		k.stream.Release()
	}
}

// noRows is the stream of a source that need not be asked.
type noRows struct{}

func (noRows) Next() bool                     { return false }
func (noRows) RecordBatch() arrow.RecordBatch { return nil }
func (noRows) Err() error                     { return nil }
func (noRows) Release()                       {}

// keysOf lists the values of a column, each once, without NULL.
func keysOf(batches []arrow.RecordBatch, column int, t catalog.Type) ([]catalog.Value, error) {
	var out []catalog.Value
	seen := map[any]bool{}
	for _, b := range batches {
		a := b.Column(column)
		if !arrow.TypeEqual(a.DataType(), t.Arrow()) {
			return nil, errs.Internalf("keys of type %s in %s", t, a.DataType())
		}
		for i := range a.Len() {
			if a.IsNull(i) {
				continue
			}
			v, ok := keyAt(a, i)
			if !ok {
				return nil, errs.Internalf("a key of type %s in %s", t, a.DataType())
			}
			if !seen[v] {
				seen[v] = true
				out = append(out, catalog.Value{Type: t, V: v})
			}
		}
	}
	return out, nil
}

// keyAt gives a cell in the form of catalog.Value.
func keyAt(a arrow.Array, i int) (any, bool) {
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i), true
	case *array.Int8:
		return int64(a.Value(i)), true
	case *array.Int16:
		return int64(a.Value(i)), true
	case *array.Int32:
		return int64(a.Value(i)), true
	case *array.Int64:
		return a.Value(i), true
	case *array.Date32:
		return int64(a.Value(i)), true
	case *array.Timestamp:
		return int64(a.Value(i)), true
	case *array.Decimal128:
		return plainDigits(a.Value(i).BigInt().String(), int(a.DataType().(*arrow.Decimal128Type).Scale)), true
	case *array.String: // the batch is freed before the value is bound
		return strings.Clone(a.Value(i)), true
	}
	return nil, false
}

// plainDigits puts the point into an unscaled decimal.
func plainDigits(unscaled string, scale int) string {
	if scale == 0 {
		return unscaled
	}
	digits, negative := strings.CutPrefix(unscaled, "-")
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text := digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if negative {
		return "-" + text
	}
	return text
}
