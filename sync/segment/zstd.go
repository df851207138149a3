package segment

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// MaxArtifact is the length of the largest artifact, unpacked.
const MaxArtifact = 64 << 20

// One encoder for all: its tables are large, and a node packs one thing at a
// time. The decoder works for as many at once as there are processors.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
			zstd.WithZeroFrames(true), zstd.WithSingleSegment(true)) // so that even short frames state their size
		if err != nil {
			panic(err) // only constants went in
		}
		return e
	})
	decoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(MaxArtifact), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err) // only constants went in
		}
		return d
	})
)

// Pack compresses an artifact of at most MaxArtifact bytes, else ErrArtifact.
func Pack(artifact []byte) ([]byte, error) {
	if len(artifact) > MaxArtifact {
		return nil, fmt.Errorf("pack artifact of %d bytes: %w", len(artifact), ErrArtifact)
	}
	return pack(artifact), nil
}

// Unpack returns the artifact of exactly size bytes that Pack made packed from.
// Memory for it is allocated only when packed states that size. What the bytes
// are worth, their digest tells. ErrMalformed and ErrArtifact.
func Unpack(packed []byte, size int64) ([]byte, error) {
	if size < 0 || size > MaxArtifact {
		return nil, fmt.Errorf("unpack artifact of %d bytes: %w", size, ErrArtifact)
	}
	return unpack(packed, int(size))
}

func pack(b []byte) []byte { return encoder().EncodeAll(b, nil) }

func unpack(packed []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(packed); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !h.HasFCS || h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("%w: packed for %d bytes, not %d", ErrMalformed, h.FrameContentSize, size)
	}
	b, err := decoder().DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(b) != size {
		return nil, fmt.Errorf("%w: %d bytes, not %d", ErrMalformed, len(b), size)
	}
	return b, nil
}
