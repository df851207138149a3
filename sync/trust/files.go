package trust

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/aisle-edge/aisle/sync/artifact"
)

// ErrDamaged: a store is not what was written.
var ErrDamaged = errors.New("trust: store is damaged")

// maxStore bounds a store; a set of files is some tens of KiB.
const maxStore = 64 << 20

// Files is a set of trust files by name. As a file, version 0, integers
// little-endian:
//
//	offset  size  field
//	0       1     version, 0
//	1       4     number of files
//	5       …     each: name's length (2), name, content's length (4), content;
//	              in order of their names
//	n-32    32    SHA-256 of all before it
type Files map[string][]byte

// File gives a file of the set: a set is a source for a Verifier, so that a
// parcel can carry one.
func (f Files) File(_ context.Context, name string, limit int) ([]byte, error) {
	b, ok := f[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, %d are allowed", ErrMalformed, name, len(b), limit)
	}
	return b, nil
}

// Save replaces the file at path in one step; it is on disk when Save returns.
func (f Files) Save(path string) error { return artifact.Replace(path, f.encode()) }

// Load reads what Save wrote: ErrDamaged if it is not, fs.ErrNotExist if there
// is none.
func Load(path string) (Files, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxStore {
		return nil, fmt.Errorf("%w: %d bytes", ErrDamaged, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return decode(b)
}

func (f Files) encode() []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0}, uint32(len(f)))
	for _, name := range slices.Sorted(maps.Keys(f)) {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(name))), name...)
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(f[name]))), f[name]...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func decode(b []byte) (Files, error) {
	at := len(b) - sha256.Size
	if at < 5 || b[0] != 0 || sha256.Sum256(b[:at]) != [32]byte(b[at:]) {
		return nil, fmt.Errorf("%w: wrong version or checksum", ErrDamaged)
	}
	n, b := binary.LittleEndian.Uint32(b[1:]), b[5:at]
	f := Files{}
	for range n {
		name, rest, ok := field(b, 2)
		content, rest, ok2 := field(rest, 4)
		if !ok || !ok2 {
			return nil, fmt.Errorf("%w: cut short", ErrDamaged)
		}
		f[string(name)] = content
		b = rest
	}
	if len(b) > 0 || len(f) != int(n) {
		return nil, fmt.Errorf("%w: more than it says", ErrDamaged)
	}
	return f, nil
}

// field cuts off a length of width bytes and as many bytes as it says.
func field(b []byte, width int) (value, rest []byte, ok bool) {
	if len(b) < width {
		return nil, nil, false
	}
	n := uint64(0)
	for i := range width {
		n |= uint64(b[i]) << (8 * i)
	}
	b = b[width:]
	if n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}
