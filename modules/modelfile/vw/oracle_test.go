package vw

import (
	"bytes"
	"math/bits"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// oracle predicts as Vowpal Wabbit's documents say, of weights by index and of lines
// of its text; it knows nothing of columns.
type oracle struct {
	bits, predictors int // predictors side by side
	weights          map[uint64]float64
	interactions     []string
	constant, all    bool
}

type feature struct {
	index uint64
	value float64
}

func oracleMurmur(s string, seed uint32) uint32 {
	h, n := seed, len(s)/4
	mix := func(k uint32) uint32 { return bits.RotateLeft32(k*0xcc9e2d51, 15) * 0x1b873593 }
	for i := range n {
		var k uint32
		for j := 3; j >= 0; j-- {
			k = k<<8 | uint32(s[4*i+j])
		}
		h = bits.RotateLeft32(h^mix(k), 13)*5 + 0xe6546b64
	}
	var k uint32
	for j := len(s) - 1; j >= 4*n; j-- {
		k = k<<8 | uint32(s[j])
	}
	if len(s)%4 != 0 {
		h ^= mix(k)
	}
	h ^= uint32(len(s))
	for _, m := range []struct{ shift, times uint32 }{{16, 0x85ebca6b}, {13, 0xc2b2ae35}} {
		h = (h ^ h>>m.shift) * m.times
	}
	return h ^ h>>16
}

func (o *oracle) hash(s string, seed uint32) uint64 {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil && !o.all {
		return n + uint64(seed)
	}
	return uint64(oracleMurmur(s, seed))
}

// predict is the sum of one predictor for the part of a line behind its label.
func (o *oracle) predict(line string, predictor int) float64 {
	spaces := map[byte][]feature{}
	order := []byte{}
	mask := uint64(1)<<o.bits - 1
	for _, part := range strings.Split(line, "|")[1:] {
		name, rest, _ := strings.Cut(part, " ")
		letter, seed := byte(' '), uint32(0)
		if name != "" {
			letter, seed = name[0], uint32(o.hash(name, 0))
		}
		if !bytes.Contains(order, []byte{letter}) {
			order = append(order, letter)
		}
		for _, word := range strings.Fields(rest) {
			word, number, ok := strings.Cut(word, ":")
			value := 1.0
			if ok {
				value, _ = strconv.ParseFloat(number, 64)
			}
			spaces[letter] = append(spaces[letter], feature{(o.hash(word, seed) & mask) * uint64(o.predictors), value})
		}
	}
	sum := 0.0
	add := func(f feature) { sum += o.weights[(f.index+uint64(predictor))&mask] * f.value }
	for _, letter := range order {
		for _, f := range spaces[letter] {
			add(f)
		}
	}
	if o.constant {
		add(feature{(11650396 & mask) * uint64(o.predictors), 1})
	}
	for _, pair := range o.interactions {
		for i, f := range spaces[pair[0]] {
			for j, g := range spaces[pair[1]] {
				if pair[0] != pair[1] || j >= i {
					add(feature{f.index*16777619 ^ g.index, f.value * g.value})
				}
			}
		}
	}
	return sum
}

// frame has a row of each map from a column's name to its text; those of the context
// are of the first.
func frame(t testing.TB, m *modelfile.Model, rows []map[string]string) *abi.Frame {
	t.Helper()
	f, err := abi.New(m.Scorer.FrameShape(), len(rows))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, &f, m, rows)
	return &f
}

func fill(t testing.TB, f *abi.Frame, m *modelfile.Model, rows []map[string]string) {
	for i, row := range rows {
		places := map[string]int{}
		for _, c := range m.Columns {
			at := places[c.Scope+c.Kind]
			places[c.Scope+c.Kind]++
			number, id := cell(t, c, row[c.Name])
			block, lane := i/abi.BlockRows, i%abi.BlockRows
			switch c.Scope + c.Kind {
			case bundle.ScopeContext + bundle.KindDense:
				f.ContextDense()[at], _ = cell(t, c, rows[0][c.Name])
			case bundle.ScopeContext + bundle.KindHashed:
				_, f.ContextCategorical()[at] = cell(t, c, rows[0][c.Name])
			case bundle.ScopeItem + bundle.KindDense:
				f.Dense(block, at)[lane] = number
			default:
				f.Categorical(block, at)[lane] = id
			}
		}
	}
}

func cell(t testing.TB, c bundle.Column, text string) (float32, uint32) {
	t.Helper()
	if c.Kind == bundle.KindHashed {
		h, err := scoring.ParseHasher(c.Hash, c.Name)
		if err != nil {
			t.Fatal(err)
		}
		if text == "" {
			return 0, 0
		}
		return 0, h.ID(text)
	}
	if text == "" {
		text = "NaN"
	}
	x, err := strconv.ParseFloat(text, 32)
	if err != nil {
		t.Fatal(err)
	}
	return float32(x), 0
}
