package pgvalue

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// vectors gives what writes lists as PostgreSQL's int2vector or oidvector: as text their
// numbers with a space between two, in binary an array that counts from 0. There are no
// NULLs in a vector.
func vectors(oid uint32, list *array.List, isBinary bool) (Cell, error) {
	element, size, most := uint32(Int2OID), uint32(2), uint64(math.MaxInt16)
	if oid == OidvectorOID {
		element, size, most = OidOID, 4, math.MaxUint32
	}
	var value func(k int) uint64
	switch values := list.ListValues().(type) {
	case *array.Uint16:
		value = func(k int) uint64 { return uint64(values.Value(k)) }
	case *array.Uint64:
		value = values.Value
	default:
		return nil, unexpected(values)
	}
	return func(dst []byte, i int) ([]byte, error) {
		from, to := list.ValueOffsets(i)
		if isBinary {
			for _, head := range []uint32{1, 0, element, uint32(to - from), 0} { // dimensions, NULLs, and how many from which
				dst = binary.BigEndian.AppendUint32(dst, head)
			}
		}
		for k := int(from); k < int(to); k++ {
			v := value(k)
			if v > most || list.ListValues().IsNull(k) {
				return dst, ErrDoesNotFit
			}
			switch {
			case isBinary && size == 2:
				dst = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(dst, size), uint16(v))
			case isBinary:
				dst = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(dst, size), uint32(v))
			default:
				if k > int(from) {
					dst = append(dst, ' ')
				}
				dst = strconv.AppendUint(dst, v, 10)
			}
		}
		return dst, nil
	}, nil
}
