package wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Version is the first byte of everything encoded by this package.
const Version = 0

// MaxRecord is the largest encoding in bytes, its version byte included.
const MaxRecord = 256 << 10

var (
	// ErrVersion: the first byte names a format this build does not read.
	ErrVersion = errors.New("wire: unknown format version; update this program")
	// ErrSize: the encoding is empty or longer than MaxRecord.
	ErrSize = errors.New("wire: record is empty or larger than 256 KiB")
	// ErrKind: a record without a body, or with one newer than this build.
	ErrKind = errors.New("wire: record of an unknown kind")
	// ErrMalformed: the bytes are not a message of this format.
	ErrMalformed = errors.New("wire: malformed record")
)

// Append appends the encoding of r to dst. On an error (ErrSize, ErrKind, or
// ErrMalformed for a string that is not UTF-8) it returns dst as it was.
func Append(dst []byte, r *Record) ([]byte, error) {
	if r.GetBody() == nil {
		return dst, ErrKind
	}
	if d, ok := r.Body.(*Record_Decision); ok {
		if out, ok := appendDecision(dst, r, d.Decision); ok {
			return fitting(dst, out)
		}
	}
	return AppendMessage(dst, r)
}

// fitting is out, or dst and ErrSize if what was appended is too long.
func fitting(dst, out []byte) ([]byte, error) {
	if len(out)-len(dst) > MaxRecord {
		return dst, ErrSize
	}
	return out, nil
}

// Decode reads one record. The result shares no memory with b.
func Decode(b []byte) (*Record, error) {
	r := new(Record)
	if err := DecodeMessage(b, r); err != nil {
		return nil, err
	}
	if r.Body == nil {
		return nil, ErrKind
	}
	return r, nil
}

// AppendMessage is Append for the messages that are not records of a log:
// SegmentHeader, Mark, Release, Status, Offer.
func AppendMessage(dst []byte, m proto.Message) ([]byte, error) {
	out, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(append(dst, Version), m)
	if err != nil {
		return dst, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return fitting(dst, out)
}

// DecodeMessage replaces m by what b holds. After an error m is unspecified.
func DecodeMessage(b []byte, m proto.Message) error {
	switch {
	case len(b) == 0 || len(b) > MaxRecord:
		return ErrSize
	case b[0] != Version:
		return ErrVersion
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b[1:], m); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
