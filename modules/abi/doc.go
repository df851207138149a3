// Package abi is the byte layout of a score frame and the names by which a host
// and a scoring module know each other.
//
// It imports nothing but unsafe and errors, so that a host, a guest and a code
// generator share one definition. It never fails later than in Init and Parse:
// a Frame that exists is in bounds, and its accessors panic only on an index
// the caller made up.
//
// # Frame, version 0
//
// A frame is stateless: everything a scorer may look at, and room for what it
// answers. All numbers are little-endian; every region begins on 16 bytes.
//
//	offset size field
//	 0     4    magic "ASF" and the version byte, 0
//	 4     4    size of the whole frame in bytes
//	 8     4    rows, at most MaxRows
//	12     4    dense columns of the context
//	16     4    categorical columns of the context
//	20     4    dense columns of a row
//	24     4    categorical columns of a row
//	28     4    heads, 1 to MaxHeads
//	32     4    1: each head also answers a variance, 0: means only
//	36     4    offset of the context's dense values, f32
//	40     4    offset of the context's categorical values, u32
//	44     4    offset of the first block
//	48     4    bytes of a block: 64 × columns of a row
//	52     4    offset of the means, f64
//	56     4    offset of the variances, f64; 0 without variance
//	60     4    0
//
// Rows lie in blocks of 16, column after column within a block: 16 f32 of the
// first dense column, of the second, ..., then 16 u32 of the first categorical
// column and so on. Means lie head after head, one f64 a row, padded to whole
// blocks; variances likewise. What rows past the last one hold means nothing.
//
// A missing dense value is any NaN; a missing categorical value is id 0. Every
// answer must be finite.
//
// # Module
//
// A scoring module imports the function [ImportModule].[ImportRefill] of type
// () -> () and exports
//
//	memory        its one memory
//	aisle_fuel    a mutable i32 global that only metering code names
//	aisle_alloc   (size i32) -> i32  room for one frame, 16-aligned, or 0. The
//	              room stays valid until the next call, which replaces it; the
//	              memory may grow
//	aisle_model   (size i32) -> i32  where the host writes the model, 16-aligned,
//	              or 0 if that size is wrong; called once an instance
//	aisle_score   (frame i32) -> i32 a [Status]; writes means and variances
//
// and may export
//
//	_initialize   () -> ()           called once an instance, before all else
//	aisle_explain (frame i32, row i32, head i32) -> i32  where the contributions
//	              to one mean of a frame lie that was scored, 8-aligned, or 0;
//	              valid until the next call. They are f64: of the bias, of each
//	              column in frame order (context dense, context categorical, row
//	              dense, row categorical), of the model's crosses in their order;
//	              their sum is the mean but for rounding
//	aisle_depth   a mutable i32 global that only metering code names; what a
//	              module that recurs or calls indirectly bounds its stack by
//
// A module that reads no model need not export aisle_model.
package abi

// Names of a module's import and exports.
const (
	ImportModule = "aisle"
	ImportRefill = "refill"

	ExportMemory = "memory"
	ExportFuel   = "aisle_fuel"
	ExportAlloc  = "aisle_alloc"
	ExportModel  = "aisle_model"
	ExportScore  = "aisle_score"

	ExportInitialize = "_initialize"
	ExportExplain    = "aisle_explain"
	ExportDepth      = "aisle_depth"
)

// Limits of a frame.
const (
	// MaxRows is the most rows of one frame; longer lists are scored in parts.
	MaxRows = 10240
	// MaxColumns is the most columns of each of the four kinds.
	MaxColumns = 1024
	// MaxHeads is the most heads.
	MaxHeads = 32
	// BlockRows is the number of rows in a block.
	BlockRows = 16
	// MaxPages is the most memory a module declares, in pages of 64 KiB, unless
	// its host is known to allow more. A wide frame may hit it below MaxRows.
	MaxPages = 256
)

// Status is what a scorer answers.
type Status uint32

// The statuses of version 0.
const (
	// OK: means and variances are written.
	OK Status = 0
	// BadFrame: the frame is not of the version or shape the module was made for.
	BadFrame Status = 1
	// BadModel: no model was written, or one of another shape.
	BadModel Status = 2
)

// String names the status.
func (s Status) String() string {
	switch s {
	case OK:
		return "ok"
	case BadFrame:
		return "bad frame"
	case BadModel:
		return "bad model"
	}
	return "unknown status"
}
