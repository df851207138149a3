// Package scoring holds the model families as plain Go: the reference that
// every compiled module must equal bit for bit, and the file format of a model.
//
// It fails only on shapes outside the limits ([ErrShape]) and on bytes that are
// no model ([ErrModel]); scoring itself can't fail, but a frame with infinite
// values may give answers that are not finite.
//
// # Bayesian linear model
//
// Each head is a sum of weights and, with variance, a sum of their variances
// under a diagonal precision, both in f32 and widened to f64 at the end:
//
//	mean     = Σ w·x
//	variance = Σ v·x²
//
// The terms are added one after another in the order
//
//	bias, context dense, context categorical, row dense, row categorical, crosses
//
// within each in column order, starting from +0. A dense value that is NaN is
// missing: its column contributes the weight of being missing instead. A
// categorical id is looked up in a table of 2^bits entries, index = id & mask;
// id 0 is missing and contributes nothing. A cross of the ids a and b has the
// id (a·16777619) ^ b in 32 bits; it contributes nothing when either is 0.
// Every product is rounded to f32 before it is added.
//
// # Entries
//
// One numbering serves weights in memory, the model's bytes and learners:
//
//	0                 bias
//	1+2i, 2+2i        dense column i (context first): weight, weight of missing
//	1+2d              always zero: what a missing id looks up
//	2+2d ...          the table, when there are categorical columns
//
// # Model, version 0
//
// The bytes are what a module finds in its memory, all little-endian:
//
//	offset size field
//	 0     4    magic "ALM" and the version byte, 0
//	 4     4    size of the whole model in bytes
//	 8     24   context dense, context categorical, dense, categorical, heads, variance (0 or 1)
//	32     4    bits of the table, 0 without categorical columns
//	36     4    crosses
//	40     4    offset of the entries
//	44     4    fingerprint of the shape: FNV-1a, 32 bits, of bytes 8 to 43 and the crosses
//	48     16   0
//	64     4·n  crosses: two u16 columns each, context categorical first
//
// Entries follow at the next multiple of 64, f32: for each the means of all
// heads, then the variances of all heads, padded with zeros to a power of two.
//
// # Trees, version 0
//
// A module carries its trees in its code; these bytes are what a bundle keeps to
// compile it from:
//
//	offset size field
//	 0     4    magic "ATM" and the version byte, 0
//	 4     4    size of the whole model in bytes
//	 8     24   context dense, 0, dense, 0, heads, 0
//	32     4    trees
//	36     4    nodes of all trees
//	40     4    leaves of all trees
//	44     4    words of the sets of all trees
//	48     4    1: sums and leaves are f32
//	52     4    0
//	56     8    divisor, f64
//	64     8·n  base of each head, f64
//
// Then each tree: four u32, its head, its nodes, the words of its sets and 0; of
// each node five u32: column, flags (bits 0 to 7 the test, 8 missing goes left, 9
// zero is missing), the threshold as f32 or the words of its set, left and right
// child (a node, or the complement of a leaf's index); the words of its sets, u32;
// its leaves, one more than nodes, f64; what its nodes expect, f64.
package scoring

import "errors"

var (
	// ErrShape is returned for a shape outside the limits.
	ErrShape = errors.New("model shape outside the limits")
	// ErrModel is returned for bytes that are not a version 0 model, and for
	// weights that are not finite or variances below zero.
	ErrModel = errors.New("not a valid model")
)
