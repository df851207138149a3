package attack_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/attack"
	"github.com/aisle-edge/aisle/modules/meter"
)

// Budgets of a call and of _initialize, in slices.
const (
	budget     = 4
	initialize = 8
	slice      = 4 * meter.MaxCharge
)

var engines = map[string]host.Options{"compiler": {}, "interpreter": {Interpreter: true}}

func open(t testing.TB, o host.Options) *host.Engine {
	t.Helper()
	e, err := host.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// TestEachEndsAsExpected runs every module in both engines: refused, or stopped
// within its budget and one charge, however long it would go on.
func TestEachEndsAsExpected(t *testing.T) {
	spent := map[string]int{}
	for name, o := range engines {
		t.Run(name, func(t *testing.T) {
			e := open(t, o)
			for _, m := range attack.Corpus() {
				t.Run(m.Name, func(t *testing.T) {
					start := time.Now()
					got, fuel := run(t, e, m)
					if other, ok := spent[m.Name]; ok && other != fuel {
						t.Errorf("spends %d here and %d in the other engine", fuel, other)
					}
					spent[m.Name] = fuel
					if !attack.Among(got, m.Rewritten) {
						t.Errorf("%s, want %s", got, m.Rewritten)
					}
					if took := time.Since(start); took > 10*time.Second {
						t.Errorf("took %v", took)
					}
				})
			}
		})
	}
}

// run admits a module, scores a row and explains it, and tells how that ended and
// what the last call spent.
func run(t *testing.T, e *host.Engine, m attack.Module) (end string, spent int) {
	code, err := m.Sealed()
	if err != nil {
		return "refused " + refusal(err), 0
	}
	if err := meter.Check(code, meter.Limits{}); err != nil {
		t.Errorf("the checker refuses what the rewriter made: %v", err)
	}
	module, err := e.Admit(code, []byte{1}, host.Limits{Fuel: budget, Initialize: initialize, Instances: 1})
	if err != nil {
		return "admit " + ending(err), 0
	}
	defer module.Close()
	in, err := module.Borrow()
	if err != nil {
		return "borrow " + ending(err), 0
	}
	defer in.Return()
	end = ending(score(in))
	if spent = in.Spent(); spent < 0 || spent > 2*budget*slice {
		t.Errorf("spent %d of a budget of %d", spent, budget*slice)
	}
	return end, spent
}

var oneHead = abi.Shape{Dense: 1, Heads: 1}

func score(in *host.Instance) error {
	if _, err := in.Frame(oneHead, 1); err != nil {
		return err
	}
	if err := in.Score(); err != nil {
		return err
	}
	if _, err := in.Explain(0, 0, 2); err != nil && !errors.Is(err, host.ErrNoExplain) {
		return err
	}
	return nil
}

// ending names what ended a call.
func ending(err error) string {
	var status *host.RefusedError
	for _, e := range []struct {
		name string
		err  error
	}{
		{"fuel", host.ErrFuel}, {"depth", host.ErrDepth}, {"trap", host.ErrTrap},
		{"not-finite", host.ErrNotFinite}, {"room", host.ErrRoom},
	} {
		if errors.Is(err, e.err) {
			return e.name
		}
	}
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &status):
		return "status"
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
