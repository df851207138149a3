// Package segment packs a range of a node's log for the way: compressed, signed
// with the device key, and sealed once, so that what is sent again is the same.
//
// # Format, version 0
//
// Integers are little-endian. A segment has at most [MaxBytes].
//
//	offset  size  field
//	0       1     version, 0
//	1       4     n, length of the header
//	5       n     wire.SegmentHeader, with its own version byte
//	5+n     m     body: one zstd frame that states its size
//	5+n+m   64    Ed25519 signature of all before it
//
// The body unpacks to the records in order of their sequences, first to last,
// none left out, each as the length of its payload (uvarint, at least 1) and
// the payload. It is at most 4 MiB long. header.raw_bytes is its length and
// header.body the SHA-256 of the m packed bytes.
//
// # Failure
//
// [Open] believes nothing before the signature is verified, and never unpacks
// more than the header states. It returns [ErrVersion], [ErrSignature] or
// [ErrMalformed]; a segment that fails is as if it had not come.
//
// This package is also the only door to zstd: [Pack] and [Unpack] do the same
// for whole artifacts, which have their digest elsewhere.
package segment
