package features

import "unsafe"

// aligned is the part of b that begins on 16 bytes.
func aligned(b []byte) []byte { return b[-address(b)&15:] }

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
