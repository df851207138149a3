package meter_test

import (
	"fmt"
	"strings"

	"github.com/aisle-edge/aisle/modules/internal/smith"
	"github.com/aisle-edge/aisle/modules/meter"
)

// Fuel in the tests of agreement: a slice as a host grants it, and two of them for
// a call.
const (
	wholeSlice = 4 * meter.MaxCharge
	callBudget = 2 * wholeSlice
)

// disagreement of the engines about the plain module is none of the meter's. One in
// 10,000 is known: wazero's compiler for amd64 may take the wrong way at an and
// that is compared with 0. Another fault of it, a lost value of a select between
// floats (its issue 2534), is rarer still.
const disagreement = "engines disagree on the plain module"

// agree holds the metered module against the plain one, and tells how it ended.
// It is admitted, and does and spends the same in whole slices and in slices of so
// many units.
func agree(engines []*sandbox, module []byte, small int) (end string, err error) {
	metered, err := meter.Rewrite(module, meter.Limits{})
	if err != nil {
		return "", fmt.Errorf("rewrite: %w", err)
	}
	if err := meter.Check(metered, meter.Limits{}); err != nil {
		return "", fmt.Errorf("check: %w", err)
	}
	inSlices, err := engines[0].run(metered, wholeSlice, small)
	if err != nil {
		return "", fmt.Errorf("metered: %w", err)
	}
	want := inSlices[0]
	if d := want.difference(inSlices[1]); d != "" {
		return "", fmt.Errorf("metered in slices of %d: %s", small, d)
	}
	if want.over > meter.MaxCharge {
		return "", fmt.Errorf("stopped %d units behind the budget", want.over)
	}
	return compare(engines, module, metered, want)
}

// compare demands that the interpreter gives the same answers and traps, the same
// memory, and spends the same. If the module came to its end, the plain one must
// give the same; if it was too deep, the plain one must be deep.
func compare(engines []*sandbox, module, metered []byte, want trace) (end string, err error) {
	if err := engines[1].same(metered, want); err != nil {
		return "", fmt.Errorf("metered: %w", err)
	}
	switch want.stop {
	case "fuel":
		return want.end(), nil
	case "depth":
		if deep, err := engines[1].goesDeep(module); err != nil || !deep {
			return "", fmt.Errorf("stopped for its depth with fewer than %d functions on the stack: %v", manyFrames, err)
		}
		return want.end(), nil
	}
	if err := engines[1].same(module, want); err != nil {
		return "", fmt.Errorf("plain: %w", err)
	}
	if engines[0].same(module, want) != nil {
		return disagreement, nil
	}
	return want.end(), nil
}

// same runs a module and compares.
func (s *sandbox) same(module []byte, want trace) error {
	got, err := s.run(module, wholeSlice)
	if err != nil {
		return err
	}
	if d := want.difference(got[0]); d != "" {
		return fmt.Errorf("%s: %s", s.name, d)
	}
	return nil
}

// end names how the first run that trapped did, or that all answered.
func (a trace) end() string {
	if a.stop != "" {
		return a.stop
	}
	for _, step := range a.steps {
		if _, how, _ := strings.Cut(step, "] "); strings.HasPrefix(step, smith.Run) && !strings.HasPrefix(how, "=") {
			return how[:strings.LastIndex(how, " memory ")]
		}
	}
	return "answered"
}
