package compile

import (
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
// emitter makes from the manifest's shape. Other bytes than the manifest names
// are refused with ErrModule.
func Module(b *bundle.Bundle) ([]byte, error) {
	code := b.Module
	if b.Manifest.Emitter != "" {
		if b.Manifest.Emitter != Emitter {
			return nil, fmt.Errorf("%w: made for emitter %q, this is %q", ErrModule, b.Manifest.Emitter, Emitter)
		}
		s, err := b.Manifest.Shape()
		if err != nil {
			return nil, err
		}
		if code, err = Linear(s); err != nil {
			return nil, err
		}
	}
	if Digest(code) != b.Manifest.Module {
		return nil, fmt.Errorf("%w: digest %s, the manifest has %s", ErrModule, Digest(code), b.Manifest.Module)
	}
	return code, nil
}

// Digest is a module's digest as a manifest holds it.
func Digest(code []byte) string {
	sum := sha256.Sum256(code)
	return hex.EncodeToString(sum[:])
}
