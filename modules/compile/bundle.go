package compile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/modules/bundle"
)

// ErrModule is returned when a bundle's module is not, byte for byte, what its
// manifest names: made by another emitter, or not the one that was approved.
var ErrModule = errors.New("module is not the one the manifest names")

// Module is the module of a bundle: the one that travels along, or the one this
// emitter makes of the manifest and the model. Other bytes than the manifest
// names are refused with ErrModule.
func Module(b *bundle.Bundle) ([]byte, error) {
	code := b.Module
	if b.Manifest.Emitter != "" {
		made, err := emit(b)
		if err != nil {
			return nil, err
		}
		if len(code) > 0 && !bytes.Equal(code, made) {
			return nil, fmt.Errorf("%w: it is not what emitter %q makes", ErrModule, b.Manifest.Emitter)
		}
		code = made
	}
	if Digest(code) != b.Manifest.Module {
		return nil, fmt.Errorf("%w: digest %s, the manifest has %s", ErrModule, Digest(code), b.Manifest.Module)
	}
	return code, nil
}

// emit makes the module of a bundle's family.
func emit(b *bundle.Bundle) ([]byte, error) {
	emitter := EmitterOf(b.Manifest.Family)
	if emitter == "" {
		return nil, fmt.Errorf("%w: nothing here makes modules of family %q", ErrModule, b.Manifest.Family)
	}
	if b.Manifest.Emitter != emitter {
		return nil, fmt.Errorf("%w: made for emitter %q, this is %q; make the release or the scorer file again", ErrModule, b.Manifest.Emitter, emitter)
	}
	s, err := b.Manifest.Shape()
	if err != nil {
		return nil, err
	}
	return Linear(s)
}

// EmitterOf is the version of the emitter for a family, "" if there is none.
func EmitterOf(family string) string {
	if family == bundle.FamilyLinear {
		return Emitter
	}
	return ""
}

// Digest is a module's digest as a manifest holds it.
func Digest(code []byte) string {
	sum := sha256.Sum256(code)
	return hex.EncodeToString(sum[:])
}
