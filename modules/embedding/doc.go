// Package embedding places items in a space where what is bought together lies
// close, as a table that a release carries.
//
// A vector has at most [MaxDims] whole numbers of a byte and a length near 127, the
// same for all but for rounding. A product of two is a whole number, so it comes out
// the same on every machine and in any order of summing; [Similarity] makes a cosine
// of it.
//
// # Format, version 0
//
// Little-endian. One table has exactly one encoding.
//
//	offset size  field
//	0      1     version, 0
//	1      1     dimensions, 1 to 32
//	2      2     0
//	4      4     n, items, at most 50,000
//	8      8·n   xxhash64 of the items' ids, ascending, each once
//	       d·n   vectors in the same order: d signed bytes each, their squares
//	             summing to at most 32,761
//
// [Parse] checks the length before it allocates, and refuses anything else with
// [ErrMalformed] or [ErrVersion]. A table without items is one.
package embedding
