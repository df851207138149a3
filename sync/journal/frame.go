package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	magic      = "AISLELOG"
	version    = 0
	headerSize = 4096
	headerUsed = 48
	frameSize  = 16

	// barrier marks the first record of a commit: all before it was durable
	// when it was written.
	barrier = 1 << 63
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	le         = binary.LittleEndian
)

type header struct {
	epoch           [16]byte
	first, previous uint64
}

func (h header) encode() []byte {
	b := make([]byte, 0, headerUsed)
	b = append(b, magic...)
	b = le.AppendUint32(b, version)
	b = append(b, h.epoch[:]...)
	b = le.AppendUint64(b, h.first)
	b = le.AppendUint64(b, h.previous)
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// seed is what every record's checksum starts from.
func (h header) seed() uint32 { return crc32.Checksum(h.epoch[:], castagnoli) }

func parseHeader(b []byte) (h header, err error) {
	switch {
	case len(b) < headerUsed || string(b[:8]) != magic:
		return h, fmt.Errorf("%w: not a log file: %s", ErrDamaged, mend)
	case le.Uint32(b[8:]) != version:
		return h, fmt.Errorf("%w: format version %d, this program reads %d: run the newer program", ErrDamaged, le.Uint32(b[8:]), version)
	case le.Uint32(b[44:]) != crc32.Checksum(b[:44], castagnoli):
		return h, fmt.Errorf("%w: broken file header: %s", ErrDamaged, mend)
	}
	h.epoch = [16]byte(b[12:28])
	h.first, h.previous = le.Uint64(b[28:]), le.Uint64(b[36:])
	if h.first == 0 || h.previous >= h.first {
		return h, fmt.Errorf("%w: impossible file header: %s", ErrDamaged, mend)
	}
	return h, nil
}

// payloadSum is the part of a record's checksum that needs no sequence; seed is
// the checksum of the epoch.
func payloadSum(seed uint32, payload []byte) uint32 {
	return crc32.Update(seed, castagnoli, payload)
}

// appendFrame appends one record; word is its sequence with or without barrier.
func appendFrame(dst []byte, sum uint32, word uint64, payload []byte) []byte {
	n := len(dst)
	dst = le.AppendUint64(dst, uint64(len(payload)))
	dst = le.AppendUint64(dst, word)
	le.PutUint32(dst[n+4:], crc32.Update(sum, castagnoli, dst[n+8:n+frameSize]))
	return append(dst, payload...)
}

// payloadLen is the length that a record's first bytes state, checked by nobody.
func payloadLen(frame []byte) int { return int(le.Uint32(frame)) }

// word is a record's sequence and barrier bit.
func word(frame []byte) uint64 { return le.Uint64(frame[8:]) }

// valid tells whether a whole record is true.
func valid(frame []byte, seed uint32) bool {
	sum := crc32.Update(payloadSum(seed, frame[frameSize:]), castagnoli, frame[8:frameSize])
	return sum == le.Uint32(frame[4:])
}
