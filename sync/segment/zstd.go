package segment

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// MaxArtifact is the length of the largest artifact, unpacked.
const MaxArtifact = 64 << 20

// The encoder of segments has a window of 512 KiB, so that it costs a node about
// 2 MiB and not 9. Both are ready, with the pools inside them, before anything
// runs: a pool made by the first caller would belong to that caller's bubble of
// testing/synctest. The decoder works for as many at once as there are processors.
var (
	encoder = newEncoder(zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(512<<10))
	decoder = newDecoder()
)

func newEncoder(opts ...zstd.EOption) *zstd.Encoder {
	e, err := zstd.NewWriter(nil, append(opts, zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true),
		zstd.WithSingleSegment(true))...) // a single segment states its size even when it is short
	if err != nil {
		panic(err) // only constants went in
	}
	e.EncodeAll([]byte{0}, nil)
	return e
}

func newDecoder() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(MaxArtifact), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // only constants went in
	}
	return d
}

// Pack compresses an artifact of at most MaxArtifact bytes, else ErrArtifact.
// It is done once an artifact, and takes an encoder of its own.
func Pack(artifact []byte) ([]byte, error) {
	if len(artifact) > MaxArtifact {
		return nil, fmt.Errorf("pack artifact of %d bytes: %w", len(artifact), ErrArtifact)
	}
	return newEncoder(zstd.WithEncoderConcurrency(1)).EncodeAll(artifact, nil), nil
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

func unpack(packed []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(packed); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !h.HasFCS || h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("%w: packed for %d bytes, not %d", ErrMalformed, h.FrameContentSize, size)
	}
	b, err := decoder.DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(b) != size {
		return nil, fmt.Errorf("%w: %d bytes, not %d", ErrMalformed, len(b), size)
	}
	return b, nil
}
