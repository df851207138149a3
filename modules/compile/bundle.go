package compile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/scoring"
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
	if b.Manifest.Family == bundle.FamilyLinear { // whose shape is known without its weights
		s, err := b.Manifest.Shape()
		if err != nil {
			return nil, err
		}
		return Linear(s)
	}
	m, err := scoring.Parse(b.Model)
	if err != nil {
		return nil, err
	}
	return Make(m)
}

// Make is the module of a model of any family. Its emitter is EmitterOf(that
// family).
func Make(m scoring.Model) ([]byte, error) {
	switch m := m.(type) {
	case *scoring.Linear:
		return Linear(m.Shape)
	case *scoring.LinUCB:
		return LinUCB(m.LinUCBShape)
	case *scoring.Factor:
		return Factor(m.FactorShape)
	case *scoring.Trees:
		return Trees(m)
	}
	return nil, fmt.Errorf("%w: no emitter makes modules of a %T", ErrModule, m)
}

// EmitterOf is the version of the emitter for a family, "" if there is none.
func EmitterOf(family string) string {
	return map[string]string{
		bundle.FamilyLinear: Emitter, bundle.FamilyLinUCB: EmitterLinUCB,
		bundle.FamilyFactor: EmitterFactor, bundle.FamilyTrees: EmitterTrees,
	}[family]
}

// Digest is a module's digest as a manifest holds it.
func Digest(code []byte) string {
	sum := sha256.Sum256(code)
	return hex.EncodeToString(sum[:])
}
