package guest

import (
	"unsafe"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Room for a frame; at is where in it the frame is, on 16 bytes.
var (
	room []uint64
	size int
	at   unsafe.Pointer
)

// most is more than any host grants.
const most = 1 << 28

//go:wasmexport aisle_alloc
func alloc(n int32) uint32 {
	if n <= 0 || n > most {
		return 0
	}
	if int(n) > size {
		room, size = nil, 0 // so that the collector need not keep both
		room, size = make([]uint64, n/8+3), int(n)
		at = unsafe.Pointer(&room[uintptr(unsafe.Pointer(&room[0]))/8%2])
	}
	return uint32(uintptr(at))
}

//go:wasmexport aisle_score
func score(address uint32) uint32 {
	if !open(address) {
		return uint32(abi.BadFrame)
	}
	if scorer.Block != nil {
		each(&block.columns, scoreBlock)
	} else {
		each(&row.columns, scoreRows)
	}
	return uint32(abi.OK)
}

//go:wasmexport aisle_explain
func explain(address, index, head uint32) uint32 {
	if !open(address) || int(index) >= frame.Rows() || int(head) >= scorer.Shape.Heads {
		return 0
	}
	clear(terms)
	row.terms = terms
	row.open(&frame, int(index)/abi.BlockRows)
	row.score(int(head), int(index)%abi.BlockRows)
	row.terms = nil
	return uint32(uintptr(unsafe.Pointer(&terms[0])))
}

// open looks at what the host wrote where it was told to.
func open(address uint32) bool {
	if size == 0 || address != uint32(uintptr(at)) {
		return false
	}
	f, err := abi.Parse(unsafe.Slice((*byte)(at), size))
	frame = f
	return err == nil && f.Shape() == scorer.Shape
}
