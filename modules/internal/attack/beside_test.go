package attack_test

import (
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/attack"
)

const attacks = 1000

// prepared are the modules that get as far as an engine.
func prepared() (out []attack.Module) {
	for _, m := range attack.Corpus() {
		if code, err := m.Sealed(); err == nil {
			m.Wasm = code
			out = append(out, m)
		}
	}
	return out
}

// strike admits a module and lets it do its worst, once.
func strike(e *host.Engine, m attack.Module) error {
	module, err := e.Admit(m.Wasm, []byte{1}, host.Limits{Fuel: budget, Initialize: initialize, Instances: 1})
	if err != nil {
		return err
	}
	defer module.Close()
	in, err := module.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	return score(in)
}

// harmlessModule is a module whose meter is sound and that answers 1.
func harmlessModule(t testing.TB) attack.Module {
	for _, m := range attack.Corpus() {
		if m.Name == "sound meter" {
			return m
		}
	}
	t.Fatal("no module is sound")
	panic("unreachable")
}

// TestAGoodModuleAnswersBesideAttacks: while a thousand attacks run in the same
// engine, a good module answers, and collections of garbage come to their end.
func TestAGoodModuleAnswersBesideAttacks(t *testing.T) {
	e := open(t, host.Options{})
	good, err := e.Admit(harmlessModule(t).Wasm, nil, host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	all := prepared()
	var over atomic.Bool
	go func() {
		defer over.Store(true)
		for i := range attacks {
			strike(e, all[i%len(all)])
		}
	}()
	collections := make(chan []time.Duration)
	go func() {
		var took []time.Duration
		for !over.Load() {
			start := time.Now()
			runtime.GC()
			took = append(took, time.Since(start))
		}
		collections <- took
	}()
	var answers []time.Duration
	for !over.Load() {
		start := time.Now()
		if err := answer(good); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, time.Since(start))
		runtime.Gosched()
	}
	for name, took := range map[string][]time.Duration{"answers": answers, "collections": <-collections} {
		if len(took) < 100 {
			t.Errorf("%d %s beside %d attacks", len(took), name, attacks)
			continue
		}
		slices.Sort(took)
		t.Logf("%d %s beside %d attacks: median %v, 99 %% within %v, longest %v", len(took), name, attacks,
			took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
		if longest := took[len(took)-1]; longest > 2*time.Second {
			t.Errorf("one of %d %s took %v", len(took), name, longest)
		}
	}
}

// answer demands the good module's 1.
func answer(m *host.Module) error {
	in, err := m.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	f, err := in.Frame(oneHead, 1)
	if err != nil {
		return err
	}
	if err := in.Score(); err != nil {
		return err
	}
	if got := f.Mean(0)[0]; math.Float64bits(got) != math.Float64bits(1) {
		return host.ErrNotFinite
	}
	return nil
}
