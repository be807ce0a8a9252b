package flightsql

import (
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// DoPut implements flight.FlightServer.
func (d *door) DoPut(stream flight.FlightService_DoPutServer) error {
	return d.rest.DoPut(&checkedPut{FlightService_DoPutServer: stream})
}

// checkedPut looks at messages before Arrow's reader does: that one trusts the sizes and
// offsets in them, and what they say of one that is made to do harm could not be caught.
type checkedPut struct {
	flight.FlightService_DoPutServer
	begun bool
}

func (p *checkedPut) Recv() (*flight.FlightData, error) {
	data, err := p.FlightService_DoPutServer.Recv()
	if err != nil {
		return nil, err
	}
	if !p.begun && data.GetFlightDescriptor() == nil {
		return nil, errs.New(errs.RequestInvalid, "flight_command", nil)
	}
	p.begun = true
	// A statement without parameters may come without a schema.
	if len(data.GetDataHeader()) == 0 {
		return data, nil
	}
	return data, checkMessage(data.GetDataHeader(), len(data.GetDataBody()))
}

// bounded is an allocator that gives no more than a message of a client can need. Arrow
// turns what it does not get into an error.
type bounded struct{}

func (bounded) Allocate(size int) []byte {
	if size > maxMessage {
		return nil
	}
	return memory.DefaultAllocator.Allocate(size)
}

func (b bounded) Reallocate(size int, old []byte) []byte {
	if size > maxMessage {
		return nil
	}
	return memory.DefaultAllocator.Reallocate(size, old)
}

func (bounded) Free(b []byte) { memory.DefaultAllocator.Free(b) }

// Parts of Arrow's messages, as its Message.fbs and Schema.fbs number them.
const (
	messageType, messageHeader, messageBody, messageMetadata   = 6, 8, 10, 12
	typeSchema, typeDictionary, typeRecordBatch                = 1, 2, 3
	schemaFields, schemaMetadata, schemaFeatures               = 6, 8, 10
	fieldType, fieldChildren, fieldMetadata                    = 8, 14, 16
	batchRows, batchNodes, batchBuffers, batchZip, batchCounts = 4, 6, 8, 10, 12
	dictionaryData                                             = 6
	offsetSize, featureSize, nodeSize, bufferSize, countSize   = 4, 8, 16, 16, 8
)

// plainTypes are the types without others inside them, as Schema.fbs numbers them: values
// of others are no parameters.
var plainTypes = map[byte]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true, 11: true, 15: true, 19: true, 20: true, 24: true}

// errUnreadable says nothing of what is wrong with a message.
var errUnreadable = errs.New(errs.RequestInvalid, "flight_params_unreadable", nil)

// checkMessage refuses messages that are not a schema, a dictionary or a batch of plain
// types whose parts lie inside of them.
func checkMessage(head []byte, body int) error {
	err := safego.Call(func() error { // an offset that leads out of the message
		m := &table{flatbuffers.Table{Bytes: head, Pos: flatbuffers.GetUOffsetT(head)}}
		at := flatbuffers.UOffsetT(m.Offset(messageHeader))
		if at == 0 || m.GetInt64Slot(messageBody, 0) > int64(body) || m.GetInt64Slot(messageBody, 0) < 0 {
			return errUnreadable
		}
		if _, _, err := m.vector(messageMetadata, offsetSize); err != nil {
			return err
		}
		var header table
		m.Union(&header.Table, at)
		switch m.GetByteSlot(messageType, 0) {
		case typeSchema:
			return header.checkSchema()
		case typeRecordBatch:
			return header.checkBatch(body)
		case typeDictionary:
			data := flatbuffers.UOffsetT(header.Offset(dictionaryData))
			if data == 0 {
				return errUnreadable
			}
			inner := table{flatbuffers.Table{Bytes: head, Pos: header.Indirect(data + header.Pos)}}
			return inner.checkBatch(body)
		}
		return errUnreadable
	})
	if err != nil {
		return errUnreadable
	}
	return nil
}

// table is one of a message.
type table struct{ flatbuffers.Table }

// vector gives where a vector of elements of a size begins, and how many it has: not more
// than the message has room for.
func (t *table) vector(slot flatbuffers.VOffsetT, size int) (first flatbuffers.UOffsetT, n int, err error) {
	at := flatbuffers.UOffsetT(t.Offset(slot))
	if at == 0 {
		return 0, 0, nil
	}
	first, n = t.Vector(at), t.VectorLen(at)
	if n < 0 || n > len(t.Bytes)/size || int(first)+n*size > len(t.Bytes) {
		return 0, 0, errUnreadable
	}
	return first, n, nil
}

func (t *table) checkSchema() error {
	first, n, err := t.vector(schemaFields, offsetSize)
	if err != nil {
		return err
	}
	for slot, size := range map[flatbuffers.VOffsetT]int{schemaMetadata: offsetSize, schemaFeatures: featureSize} {
		if _, _, err := t.vector(slot, size); err != nil {
			return err
		}
	}
	for i := range n {
		field := table{flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(first + flatbuffers.UOffsetT(i)*offsetSize)}}
		if _, inside, err := field.vector(fieldChildren, offsetSize); err != nil || inside > 0 || !plainTypes[field.GetByteSlot(fieldType, 0)] {
			return errUnreadable
		}
		if _, _, err := field.vector(fieldMetadata, offsetSize); err != nil {
			return err
		}
	}
	return nil
}

// checkBatch refuses bodies that are compressed, since only Arrow's reader would see how
// large they become, and buffers that are not in the body.
func (t *table) checkBatch(body int) error {
	rows := t.GetInt64Slot(batchRows, 0)
	if t.Offset(batchZip) != 0 || rows < 0 || rows > maxMessage {
		return errUnreadable
	}
	first, n, err := t.vector(batchNodes, nodeSize)
	if err != nil {
		return err
	}
	for i := range n {
		if length := t.GetInt64(first + flatbuffers.UOffsetT(i)*nodeSize); length < 0 || length > maxMessage {
			return errUnreadable
		}
	}
	first, n, err = t.vector(batchBuffers, bufferSize)
	if err != nil {
		return err
	}
	for i := range n {
		pos := first + flatbuffers.UOffsetT(i)*bufferSize
		from, length := t.GetInt64(pos), t.GetInt64(pos+8)
		if from < 0 || length < 0 || from > int64(body) || length > int64(body)-from {
			return errUnreadable
		}
	}
	buffers := int64(n)
	first, n, err = t.vector(batchCounts, countSize)
	if err != nil {
		return err
	}
	for i := range n {
		if count := t.GetInt64(first + flatbuffers.UOffsetT(i)*countSize); count < 0 || count > buffers {
			return errUnreadable
		}
	}
	return nil
}
