package host

import (
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
)

const (
	// defaultRows is how many slices more a call may use for each 1,024 rows.
	defaultRows = 32
	// mostRows is the most slices that 1,024 rows of a model of ours are granted: 4,000
	// for as many rows as a frame can have.
	mostRows = 400
	// few and many rows are scored to tell what a row takes.
	few, many = 64, 320
)

// ErrHeavy is returned for a model of ours that takes too long for as many rows as
// a frame can have.
var ErrHeavy = errors.New("model takes too much fuel")

// price measures what rows take, and grants a half more: how deep a tree is walked
// depends on the row. What does not depend on rows, a call has fuel for anyway.
func (m *Module) price(vectors []bundle.Vector) error {
	most := 0
	for _, v := range vectors {
		if _, rows, err := abi.ParseHeader(v.Input); err != nil || rows < abi.BlockRows {
			continue // too few to be like other rows
		}
		a, err := m.spends(v, few)
		if err != nil {
			return err
		}
		b, err := m.spends(v, many)
		if err != nil {
			return err
		}
		most = max(most, b-a)
	}
	const measured = (many - few) * slice
	m.rows = max(defaultRows, (most*1024*3/2+measured-1)/measured)
	if m.rows > mostRows {
		return heavy(m.rows)
	}
	return nil
}

func heavy(rows int) error {
	return fmt.Errorf("%w: %d slices for 1,024 rows, at most %d are granted; use fewer trees, leaves, columns or heads", ErrHeavy, rows, mostRows)
}

// spends is the fuel that rows like those of a vector take.
func (m *Module) spends(v bundle.Vector, rows int) (int, error) {
	in, err := m.Borrow()
	if err != nil {
		return 0, err
	}
	defer in.Return()
	s, _, _ := abi.ParseHeader(v.Input)
	f, err := in.Frame(s, rows)
	if errors.Is(err, ErrRoom) {
		return 0, nil // nor will there be for what a request may ask
	}
	if err != nil {
		return 0, err
	}
	if err := v.Resample(f); err != nil {
		return 0, err
	}
	err = in.Score()
	if errors.Is(err, ErrFuel) {
		return 0, heavy(mostRows)
	}
	return in.Spent(), err
}
