package host

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
)

// ErrGolden is returned when a module answers other bits than its golden vectors.
var ErrGolden = errors.New("module answers other bits than its golden vectors")

// Preflight runs golden vectors and compares bits. An engine that compiles a
// module wrongly, or a module that is not the approved one, shows here before a
// customer sees it. Of a family of ours it measures what rows take, and grants it;
// ErrHeavy is a model that no node could score a full frame by. It comes before any
// other use of the module.
func (m *Module) Preflight(vectors []bundle.Vector) error {
	for i, v := range vectors {
		if err := m.golden(v); err != nil {
			return fmt.Errorf("run golden vector %d: %w", i, err)
		}
	}
	if m.ours {
		return m.price(vectors)
	}
	return nil
}

func (m *Module) golden(v bundle.Vector) error {
	s, rows, err := abi.ParseHeader(v.Input)
	if err != nil {
		return err
	}
	in, err := m.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	f, err := in.Frame(s, rows)
	if err != nil {
		return err
	}
	copy(f.Bytes(), v.Input)
	if err := in.Score(); err != nil {
		return err
	}
	if !bytes.Equal(bundle.Answers(nil, f), v.Output) {
		return ErrGolden
	}
	return nil
}
