package bundle

import (
	"fmt"
	"slices"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// agree checks the parts against the manifest.
func (b *Bundle) agree() error {
	frame, err := b.Manifest.Frame()
	if err != nil {
		return err
	}
	if err := b.model(frame); err != nil {
		return err
	}
	if b.Manifest.Emitter == "" && len(b.Module) == 0 {
		return fmt.Errorf("%w: a module travels along or comes from an emitter", ErrBundle)
	}
	if len(b.Golden) == 0 {
		return fmt.Errorf("%w: no golden vectors", ErrBundle)
	}
	for _, v := range b.Golden {
		if err := v.fits(frame); err != nil {
			return err
		}
	}
	return nil
}

// model checks the model part by the family's own codec. What a module of
// somebody's own reads, nobody else knows.
func (b *Bundle) model(frame abi.Shape) error {
	switch b.Manifest.Family {
	case FamilyOwn:
		return nil
	case FamilyLinear:
		return b.linear() // which is large, and need not be copied to be judged
	case FamilyTrees:
		if len(b.Model) == 0 && b.Manifest.Emitter == "" {
			return nil // its module is the model
		}
	}
	m, err := scoring.Parse(b.Model)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if m.FrameShape() != frame || !b.Manifest.describes(m) {
		return fmt.Errorf("%w: the model is not of the manifest's family and shape", ErrBundle)
	}
	return nil
}

// describes tells whether family and table are those of a model.
func (m *Manifest) describes(model scoring.Model) bool {
	switch model := model.(type) {
	case *scoring.LinUCB:
		return m.Family == FamilyLinUCB
	case *scoring.Factor:
		return m.Family == FamilyFactor && m.Bits == model.Bits
	case *scoring.Trees:
		return m.Family == FamilyTrees
	}
	return false
}

func (b *Bundle) linear() error {
	want, err := b.Manifest.Shape()
	if err != nil {
		return err
	}
	have, err := scoring.Inspect(b.Model)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if have.Frame != want.Frame || have.Bits != want.Bits || !slices.Equal(have.Crosses, want.Crosses) {
		return fmt.Errorf("%w: the model is not of the manifest's shape", ErrBundle)
	}
	return nil
}

// Blob is what the host writes into the module: the model, unless the module
// holds that itself.
func (b *Bundle) Blob() []byte {
	if b.Manifest.Family == FamilyTrees {
		return nil
	}
	return b.Model
}
