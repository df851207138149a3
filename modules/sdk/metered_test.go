package sdk_test

import (
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/sdk"
)

// metered is a guest in the sandbox, as a node runs it.
type metered struct {
	*host.Instance
	t testing.TB
}

// seal meters a guest.
func seal(t testing.TB, code []byte) []byte {
	t.Helper()
	sealed, err := meter.Rewrite(code, meter.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func newMetered(t testing.TB, sealed []byte, l host.Limits) *metered {
	t.Helper()
	e, err := host.Open(host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	l.Instances = 1
	m, err := e.Admit(sealed, nil, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Return)
	return &metered{in, t}
}

// TestNodesGrantEnough: a node's own budget is enough for as many rows of the
// template as a frame can have.
func TestNodesGrantEnough(t *testing.T) {
	for _, lang := range sdk.Languages() {
		t.Run(lang, func(t *testing.T) {
			m := newMetered(t, seal(t, build(t, lang, "", true)), host.Limits{})
			f, err := m.Frame(template.shape, abi.MaxRows)
			if err != nil {
				t.Fatal(err)
			}
			fill(f, sample.Rand(7), 0.1)
			if err := m.Score(); err != nil {
				t.Error(err)
			}
		})
	}
}

func (m *metered) explain(terms int) func(row, head int) []float64 {
	return func(row, head int) []float64 {
		m.t.Helper()
		out, err := m.Explain(row, head, terms)
		if err != nil {
			m.t.Fatal(err)
		}
		return out
	}
}

// scores runs all cases, and gives the fuel of each.
func (m *metered) scores(r rule) (fuel []int) {
	m.t.Helper()
	random := sample.Rand(7)
	for _, c := range cases {
		f, err := m.Frame(r.shape, c.rows)
		if err != nil {
			m.t.Fatalf("%d rows: %v", c.rows, err)
		}
		fill(f, random, c.missing)
		if err := m.Score(); err != nil {
			m.t.Fatalf("%d rows: %v", c.rows, err)
		}
		fuel = append(fuel, m.Spent())
		r.agrees(m.t, f, m.explain(1+r.shape.Columns()))
	}
	return fuel
}
