// Package together says which items are bought together: how often two are in one
// basket, by the cosine of where each is. It counts baskets, and keeps of each item
// those that go best with it.
//
// # Pairs, version 0
//
// The artifact model/together.bin of a release. Integers are little-endian.
//
//	offset  size  field
//	0       8     "AISLETOG"
//	8       4     version, 0
//	12      4     number n of items, at most 1,048,576
//	16      12·n  items, ascending by hash: xxhash64 of the id (8); number of
//	              those that go with it (4), at most 32
//	...     12·m  those, item after item, the best first: hash (8), score (4, f32
//	              in (0, 1])
//
// Anything else is refused with [ErrMalformed].
package together
