package scoring

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// ErrHash is returned for a hash nobody here knows.
var ErrHash = errors.New("unknown hash: xx64, vw, or vw:NAMESPACE^PREFIX")

// Hash turns a categorical value into its id. The zero value is XX64.
type Hash int

// The hashes.
const (
	XX64 Hash = iota // the low 32 bits of xxHash64, seed 0
	VW               // MurmurHash3 x86 32, seed 0: Vowpal Wabbit's hash of such a feature without namespace
)

// ParseHash returns the hash of that name, or ErrHash.
func ParseHash(name string) (Hash, error) {
	switch name {
	case "xx64":
		return XX64, nil
	case "vw":
		return VW, nil
	}
	return 0, ErrHash
}

// String is the name that ParseHash reads.
func (h Hash) String() string {
	if h == VW {
		return "vw"
	}
	return "xx64"
}

// ID is the id of a feature's value: the hash of "feature=value". It is never 0,
// which means missing; a hash of 0 becomes 1.
func (h Hash) ID(feature, value string) uint32 {
	var room [128]byte
	b := append(append(append(room[:0], feature...), '='), value...)
	var id uint32
	if h == VW {
		id = murmur(b, 0)
	} else {
		id = uint32(xxhash.Sum64(b))
	}
	return max(id, 1)
}

// murmur is MurmurHash3 x86 32, after Austin Appleby's public description.
func murmur(b []byte, h uint32) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	length := uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := binary.LittleEndian.Uint32(b)
		h ^= bits.RotateLeft32(k*c1, 15) * c2
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	if len(b) > 0 {
		var tail [4]byte
		copy(tail[:], b)
		h ^= bits.RotateLeft32(binary.LittleEndian.Uint32(tail[:])*c1, 15) * c2
	}
	h ^= length
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}
