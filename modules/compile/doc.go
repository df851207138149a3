// Package compile turns the shape of a model into a scoring module: WebAssembly
// with SIMD, specialised to columns, crosses and heads, reading its weights from
// the model that the host writes.
//
// The same shape always gives the same bytes, so a release names a module by
// digest and every node makes it anew. It fails only with scoring.ErrShape.
//
// # Memory of a linear module
//
//	[0, 64)      never touched
//	[64, 128)    sums of the context, f32 a lane, then 0
//	[128, ...)   the model, see package scoring
//	above        the frame, at the next multiple of 64
//
// # Code
//
// A frame is answered in passes over its blocks. Each pass takes the sums so
// far, adds the terms of its columns in order, and leaves the sums as f64 in the
// frame's answers; f32 sums pass through f64 unchanged. Passes are cut so that
// no function is large: engines take more than linear time in its size.
//
//   - context: the terms that all rows share, column by column.
//   - dense: 16 rows at a time, 4 in a vector, unrolled over columns. A NaN in
//     the sums shows that something was missing: the pass hands this block and
//     the rest over to its twin that selects, which gives the same bits.
//   - hashed: 4 rows at a time. Offsets into the table are made for 4 rows in
//     one vector; an entry is one load, and one addition serves all its lanes.
//
// Each pass touches the last byte of what it will read first, so that an engine
// can leave out the other bounds checks.
package compile

// Versions of what this package writes. Each changes whenever the bytes for any
// shape of its family change.
const (
	Emitter       = "linear/2"
	EmitterLinUCB = "linucb/0"
	EmitterFactor = "factor/0"
)
