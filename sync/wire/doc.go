// Package wire holds the records that cross a process or rest on disk, and
// nothing that decides.
//
// # Format, version 0
//
//	offset  size  field
//	0       1     version, 0
//	1       n     one message of wire.proto, in Protobuf's encoding
//
// An encoding is deterministic: one message, one sequence of bytes (map keys
// are sorted). It is at most [MaxRecord] bytes with its version byte.
// Inside a message, vectors are packed little-endian elements without padding
// ([Pack], [View]); an empty field is an empty vector. Fields a reader does not
// know are skipped, a body it does not know is [ErrKind].
//
// # Failure
//
// A decoder reads at most MaxRecord bytes and allocates at most a constant
// multiple of what it was given. Its errors are [ErrVersion], [ErrSize],
// [ErrKind] and [ErrMalformed]; none of them carries a value from the record.
package wire

//go:generate protoc --proto_path=../.. --go_out=../.. --go_opt=paths=source_relative sync/wire/wire.proto
