package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Parts is what a bundle holds beside its manifest.
type Parts struct {
	Model  []byte // empty where the module holds it
	Module []byte // empty when the emitter makes it
	Golden []Vector
}

// Bundle is an opened bundle. Its parts are views of the bytes it was opened from.
type Bundle struct {
	Manifest Manifest
	Sealed   []byte // the manifest's bytes as they were sealed
	Digest   [32]byte
	Parts
}

const (
	magic      = "AISLEBN\x00"
	digestAt   = len(magic)
	sizesAt    = digestAt + sha256.Size
	headerSize = 64
	parts      = 4
)

// Seal makes a bundle, or returns ErrBundle if the parts contradict the manifest.
func Seal(m Manifest, p Parts) ([]byte, error) {
	manifest, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("seal bundle: %w", err)
	}
	var golden []byte
	for _, v := range p.Golden {
		golden = v.append(golden)
	}
	out := make([]byte, headerSize)
	copy(out, magic)
	for i, part := range [parts][]byte{manifest, p.Model, p.Module, golden} {
		binary.LittleEndian.PutUint32(out[sizesAt+4*i:], uint32(len(part)))
		out = pad(append(out, part...))
	}
	digest := sha256.Sum256(out[sizesAt:])
	copy(out[digestAt:], digest[:])
	if _, err := Open(out); err != nil {
		return nil, fmt.Errorf("seal bundle: %w", err)
	}
	return out, nil
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&15)...) }

// Open reads a bundle and checks that it is whole and that its parts agree, or
// returns ErrBundle. It does not say who made it: that is for the digest and
// the signatures over it.
func Open(b []byte) (*Bundle, error) {
	if len(b) < headerSize || len(b) > MaxSize || !bytes.HasPrefix(b, []byte(magic)) {
		return nil, fmt.Errorf("%w: no header", ErrBundle)
	}
	if digest := sha256.Sum256(b[sizesAt:]); !bytes.Equal(digest[:], b[digestAt:sizesAt]) {
		return nil, fmt.Errorf("%w: the seal is broken", ErrBundle)
	}
	sections, err := split(b)
	if err != nil {
		return nil, err
	}
	out := &Bundle{Sealed: sections[0], Digest: sha256.Sum256(b), Parts: Parts{Model: sections[1], Module: sections[2]}}
	if out.Manifest, err = parseManifest(sections[0]); err != nil {
		return nil, err
	}
	if out.Golden, err = parseVectors(sections[3]); err != nil {
		return nil, err
	}
	return out, out.agree()
}

// split cuts a bundle into its parts, which with zeros between fill it to the
// last byte.
func split(b []byte) (out [parts][]byte, err error) {
	at := headerSize
	for i := range out {
		size := int(binary.LittleEndian.Uint32(b[sizesAt+4*i:]))
		end := at + size
		next := (end + 15) &^ 15
		if next > len(b) || string(b[end:next]) != string(make([]byte, next-end)) {
			return out, fmt.Errorf("%w: a part is cut off", ErrBundle)
		}
		out[i], at = b[at:end:end], next
	}
	if at != len(b) || binary.LittleEndian.Uint64(b[headerSize-8:]) != 0 {
		return out, fmt.Errorf("%w: bytes beside the parts", ErrBundle)
	}
	return out, nil
}
