// Package bundle is the sealed file in which a model travels: a manifest, the
// model, for some families a module, and golden vectors by which a node knows
// that it computes what was approved.
//
// Sources, purposes and transforms in a manifest are strings that this package
// does not interpret. It fails with [ErrBundle] on bytes that are not a whole,
// unbroken bundle, or whose parts contradict each other.
//
// # Bundle, version 0
//
// Nothing is compressed, integers are little-endian, and the file's own SHA-256
// is its name elsewhere.
//
//	offset size field
//	 0     8    magic "AISLEBN" and the version byte, 0
//	 8     32   SHA-256 of everything after it
//	40     16   bytes of manifest, model, module and golden vectors, u32 each
//	56     8    0
//	64     ...  the four parts, each at the next multiple of 16; gaps are zero
//
// The manifest is JSON, kept as it was sealed. Golden vectors are one after the
// other: bytes of a frame without its answers (u32), bytes of the answers (u32),
// 8 bytes of zero, the frame (package abi), the answers: f64 bits of every
// head's mean for each row, head after head, then the variances.
//
// Of family linear, linucb and factor the model is there and the module only if
// no emitter makes it; of trees the model is what an emitter reads, and may be
// missing where the module is there; of own modules the model is what the module
// reads, if anything, and nobody else knows its form.
//
// # Scorer file, version 0
//
// A scorer file is one WebAssembly file for people to hand on: the module, then
// custom sections with the parts of a bundle as above, each named and sized in
// as few bytes as go.
//
//	aisle.manifest
//	aisle.model     left out where it would be empty
//	aisle.golden
//
// Only that of an own module names no emitter. The module is the file without them; [Embed] and [Extract] convert.
package bundle

import "errors"

// ErrBundle is returned for bytes that are not a sound bundle of version 0.
var ErrBundle = errors.New("not a sound version 0 bundle")

// MaxSize is the most bytes of a bundle.
const MaxSize = 64 << 20
