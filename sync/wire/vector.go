package wire

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// Element is what a packed vector holds.
type Element interface{ uint32 | float32 | float64 }

// Pack appends v to dst as packed little-endian elements, bit for bit (NaN
// payloads included).
func Pack[T Element](dst []byte, v []T) []byte {
	if len(v) == 0 {
		return dst
	}
	if littleEndian {
		return append(dst, unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), size[T]()*len(v))...)
	}
	for _, e := range v {
		dst = appendElement(dst, e)
	}
	return dst
}

// View reads a packed vector. Where the machine allows it the result lies over
// b itself, so it is for reading only and lives as long as b is unchanged;
// elsewhere it is a copy. A length that is no whole number of elements is
// ErrMalformed.
func View[T Element](b []byte) ([]T, error) {
	n := size[T]()
	if len(b)%n != 0 {
		return nil, ErrMalformed
	}
	if len(b) == 0 {
		return nil, nil
	}
	if p := unsafe.Pointer(&b[0]); littleEndian && uintptr(p)%uintptr(n) == 0 {
		return unsafe.Slice((*T)(p), len(b)/n), nil
	}
	return unpack[T](b), nil
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func size[T Element]() int {
	var e T
	return int(unsafe.Sizeof(e))
}

func appendElement[T Element](dst []byte, e T) []byte {
	switch e := any(e).(type) {
	case uint32:
		return binary.LittleEndian.AppendUint32(dst, e)
	case float32:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(e))
	default:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(e.(float64)))
	}
}

// unpack is View's copy, for a machine or an address it cannot lie over.
func unpack[T Element](b []byte) []T {
	v := make([]T, len(b)/size[T]())
	for i := range v {
		switch e := any(&v[i]).(type) {
		case *uint32:
			*e = binary.LittleEndian.Uint32(b[4*i:])
		case *float32:
			*e = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		case *float64:
			*e = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
	return v
}
