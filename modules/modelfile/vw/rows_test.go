package vw

import (
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// scored reads lines of text and scores them one by one.
func scored(t *testing.T, m *modelfile.Model, text string) (out []float64) {
	t.Helper()
	var columns rows.Columns
	for _, c := range m.Columns {
		var id func(string) uint32
		if c.Kind == bundle.KindHashed {
			h, err := scoring.ParseHasher(c.Hash, c.Name)
			if err != nil {
				t.Fatal(err)
			}
			id = h.ID
		}
		columns.Names, columns.Features, columns.IDs = append(columns.Names, c.Name), append(columns.Features, c.Feature), append(columns.IDs, id)
	}
	r, err := rows.New(strings.NewReader(text), rows.Rules{Width: len(m.Columns)}, columns)
	for err == nil {
		var numbers []float32
		var ids []uint32
		if numbers, ids, err = r.Next(nil, nil); err != nil {
			break
		}
		f, err := abi.New(m.Scorer.FrameShape(), 1)
		if err != nil {
			t.Fatal(err)
		}
		s := f.Shape()
		copy(f.ContextDense(), numbers)
		copy(f.ContextCategorical(), ids)
		for c, x := range numbers[s.ContextDense:] {
			f.Dense(0, c)[0] = x
		}
		for c, x := range ids[s.ContextCategorical:] {
			f.Categorical(0, c)[0] = x
		}
		if err := m.Scorer.Score(&f); err != nil {
			t.Fatal(err)
		}
		out = append(out, f.Mean(0)[0])
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return out
}

// TestItsTextScoresAsItSays: lines that Vowpal Wabbit reads are rows here, with what
// actions share said once or in each line.
func TestItsTextScoresAsItSays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	text, o := random(r, " --cb_adf --cb_type mtr --csoaa_ldf multiline --csoaa_rank --quadratic UI", 1, 1, 10)
	o.constant, o.interactions = true, []string{"UI"}
	m := read(t, text, "price item dense D^price\nage context dense D^age\nuser context hashed User^\nsegment context hashed User^segment=\n"+
		"group1 item hashed Item^\ngroup2 item hashed Item^\nsku item hashed Item^sku=\n colour item hashed x^\n")
	lines, together := "", ""
	var want []float64
	for range 40 {
		_, candidates := candidates(r, 3, true)
		for i, line := range candidates {
			at := strings.Index(line, "|User")
			if i == 0 {
				together += "shared " + line[at:] + "\n"
			}
			want = append(want, -o.predict(line, 0))
			lines, together = lines+"1:0.5:0.25 'tag"+line+"\n\n", together+[]string{"", "2:1:0.5 ", "x"}[i]+line[:at]+"\n"
		}
		together += "\n"
	}
	lines += "|Item g1 g2 sku=7 |D:0.5 price:3 price:1 age:0 |Other a:1"
	together += "|D price:2 |Item g1 sku=7 g2 |User"
	want = append(want, -o.predict("|Item g1 g2 sku=7 |D price:2", 0))
	for name, text := range map[string]string{"alone": lines, "together": together} {
		got := scored(t, m, text)
		if len(got) != len(want) {
			t.Fatalf("%s: %d rows, not %d", name, len(got), len(want))
		}
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-3 {
				t.Fatalf("%s: row %d: %v, want %v", name, i, got[i], want[i])
			}
		}
	}
}
