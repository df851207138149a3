// Package compile turns the shape of a model into a scoring module: WebAssembly
// with SIMD, specialised to columns, crosses and heads, reading its weights from
// the model that the host writes.
//
// The same shape always gives the same bytes, so a release names a module by
// digest and every node makes it anew. It fails only with scoring.ErrShape.
//
// # Memory
//
//	[0, 64)      never touched
//	[64, 128)    linear, factor: sums of the context, f32 a lane, then 0
//	[128, ...)   the model, see package scoring
//	above        what the module keeps between its functions, contributions last
//	above        the frame, at the next multiple of 64
//
// Trees lie in code: their modules read no model.
//
// # Code of a linear module
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
//
// # Code of a LinUCB module
//
// The weights are one line over all columns, each column of the root another.
// What context and bias add to a line is summed once a frame. Then, block by
// block, each line is summed over 16 rows, unrolled over the row's columns: the
// weights first, whose NaN shows that something is missing, in which case a copy
// of the block with defaults takes its place; then the root, some lines a
// function, whose squares are added up.
//
// The work grows with the square of the columns, and so does the fuel: 1,000 rows of
// 64 columns use 5 slices a head, and 8 heads all that a host grants unmeasured for
// 10,240 rows. Such a model is for the candidates that a cheaper one left over.
//
// # Code of a factor module
//
// The entries of the context are summed once a frame, and each dense column of
// the row becomes a weight given that sum: a dense pass as of a linear module
// adds them. A pass over ids goes row by row, the embedding in 8 vectors at most
// at a time.
//
// # Code of a module of trees
//
// The module carries the ensemble. Each column of a row is ranked among all the
// thresholds that nodes ask of it, so that a node is a comparison of bytes,
// whatever its test and wherever it sends what is missing. Then there are three
// ways through the trees, chosen by the ensemble's size and the frame's rows:
//
//   - lanes: blocks of 16 rows, all nodes of a tree, without branches; up to
//     60,000 nodes in trees of up to 256 leaves. 100 trees of 31 leaves take half
//     a microsecond a row.
//   - branches: single rows of up to 6,000 nodes, as nested conditions on the
//     values themselves down to patches: pieces of 16 leaves whose nodes are all
//     asked at once, four in a vector. So a row has few conditions that can be
//     guessed wrongly. Nodes that are more than a comparison, like a set of
//     categories, stay conditions. Models of nearly nothing but comparisons are
//     written so up to 20,000 nodes, in patches of 32 leaves. 100 trees of 31
//     leaves take 1 to 2 microseconds.
//   - walk: everything else, and contributions: 8 trees side by side over tables
//     of a word a node.
//
// Trees of a head are summed in their order in all of them. A model of n leaves
// is some 24 bytes each in tables, and up to 70 more as code: 8 MiB hold about
// 300,000 leaves.
//
// # Contributions
//
// aisle_explain of the first three loops over the columns of one row: small code, some
// ns a column.
package compile

// Versions of what this package writes. Each changes whenever the bytes for any
// shape of its family change.
const (
	Emitter       = "linear/2"
	EmitterLinUCB = "linucb/0"
	EmitterFactor = "factor/0"
)
