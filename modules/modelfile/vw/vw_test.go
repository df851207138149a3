package vw

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/modelfile"
)

func num(n int) string { return strconv.Itoa(n) }

// kinds of models, and what the oracle has to know of them.
var kinds = []struct {
	name, options    string
	predictors, size int // heads, and how far predictors lie apart
	negated          bool
	interactions     []string
	without, all     bool
}{
	{"regression", "", 1, 1, false, nil, false, false},
	{"pairs", " --quadratic UI --interactions Ix", 1, 1, false, []string{"UI", "Ix"}, false, false},
	{"pairs the other way", " -q IU -q UI", 1, 1, false, []string{"IU"}, false, false},
	{"pairs within a namespace", " --quadratic II", 1, 1, false, []string{"II"}, false, false},
	{"all pairs", " --quadratic ::", 1, 1, false, []string{"II", "IU", "Ix", "UU", "Ux", "xx"}, false, false},
	{"no constant, all hashed", " --noconstant --hash all", 1, 1, false, nil, true, true},
	{"bandit", " --cb_adf --cb_explore_adf --cb_type mtr --csoaa_ldf multiline --csoaa_rank --epsilon 0.2 --quadratic UI", 1, 1, true, []string{"UI"}, false, false},
	{"doubly robust bandit", " --cb_adf --cb_type dr --csoaa_ldf multiline --csoaa_rank --quadratic UI", 1, 2, true, []string{"UI"}, false, false},
	{"bandit of four actions", " --cb 4 --cb_type ips --csoaa 4 --quadratic UI", 4, 4, true, []string{"UI"}, false, false},
	{"bandit of three actions", " --cb_explore 3 --cb 3 --csoaa 3 --quadratic xI", 3, 8, true, []string{"xI"}, false, false},
	{"one against all", " --oaa 3 --quadratic UI", 3, 4, false, []string{"UI"}, false, false},
}

const columns = `
# of "|User segment=gold 17 |Item sku=a 4711 |x red"
segment context hashed User^segment=
user    context hashed User^
sku     item    hashed Item^sku=
group   item    hashed Item^
colour  item    hashed x^   # bare names
`

const dense = "price item dense D^price\nage context dense D^age\n"

// random makes a model of so few bits that features collide, and what the oracle
// needs.
func random(r *rand.Rand, options string, predictors, size, bits int) (string, *oracle) {
	o := &oracle{bits: bits, predictors: size, weights: map[uint64]float64{}}
	text := strings.Replace(header(num(bits), options, "-1e9 1e9"), "8.11", "9.8", 1)
	for i := range 1 << bits {
		if r.IntN(4) > 0 {
			w := float32(math.Round(1000*r.NormFloat64()) / 1000)
			o.weights[uint64(i)] = float64(w)
			text += fmt.Sprintf("%d:%v\n", i, w)
		}
	}
	return text, o
}

// candidates makes rows and the lines of Vowpal Wabbit's text that say the same. A
// bandit has what actions share behind what is theirs.
func candidates(r *rand.Rand, n int, bandit bool) (rows []map[string]string, lines []string) {
	pick := func(missing bool, prefix string, values int) string {
		if missing && r.IntN(3) == 0 {
			return ""
		}
		return prefix + num(r.IntN(values))
	}
	segment, user, age := pick(true, "s", 5), pick(true, "", 90), pick(true, "", 80)
	word := func(prefix, value string) string {
		if value == "" {
			return ""
		}
		return " " + prefix + value
	}
	shared := "|User" + word("segment=", segment) + word("", user) + " |D" + word("age:", age) + " "
	for range n {
		row := map[string]string{"segment": segment, "user": user, "age": age, "sku": pick(true, "", 300), "group": pick(true, "g", 4), "colour": pick(true, "", 9), "price": pick(true, "1.", 99)}
		own := "|Item" + word("sku=", row["sku"]) + word("", row["group"]) + " |x" + word("", row["colour"]) + " |D" + word("price:", row["price"]) + " "
		line := shared + own
		if bandit {
			line = own + shared
		}
		rows, lines = append(rows, row), append(lines, line)
	}
	return rows, lines
}

// TestModelsPredictAsTheirAlgorithmSays holds models of every kind against an oracle
// that reads the text of Vowpal Wabbit and knows nothing of columns.
func TestModelsPredictAsTheirAlgorithmSays(t *testing.T) {
	for _, c := range kinds {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 0))
			declared := columns
			if c.interactions == nil || !strings.Contains(c.options, "::") {
				declared += dense
			}
			for _, bits := range []int{6, 10} {
				text, o := random(r, c.options, c.predictors, c.size, bits)
				o.constant, o.all, o.interactions = !c.without, c.all, c.interactions
				m := read(t, text, declared)
				for range 20 {
					rows, lines := candidates(r, 17, strings.Contains(c.options, "cb_adf"))
					if declared == columns { // no dense ones, as they would interact
						for i, line := range lines {
							for _, word := range strings.Fields(line) {
								if strings.Contains(word, ":") {
									lines[i] = strings.Replace(lines[i], " "+word, "", 1)
								}
							}
						}
					}
					f := frame(t, m, rows)
					if err := m.Scorer.Score(f); err != nil {
						t.Fatal(err)
					}
					for i, line := range lines {
						for h := range c.predictors {
							want := o.predict(line, h)
							if c.negated {
								want = -want
							}
							if got := f.Mean(h)[i]; math.Abs(got-want) > 1e-5*math.Max(100, math.Abs(want)) {
								t.Fatalf("%d bits, predictor %d of %q: %v, want %v", bits, h, line, got, want)
							}
						}
					}
				}
			}
		})
	}
}

// TestModelsScoreInTheSandbox: from the text to a metered module, whose answers are
// the reference's bits.
func TestModelsScoreInTheSandbox(t *testing.T) {
	e, err := host.Open(host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r := rand.New(rand.NewPCG(2, 0))
	for _, c := range kinds {
		t.Run(c.name, func(t *testing.T) {
			text, _ := random(r, c.options, c.predictors, c.size, 12)
			m := read(t, text, columns)
			inTheSandbox(t, e, m, r)
		})
	}
}

func inTheSandbox(t *testing.T, e *host.Engine, m *modelfile.Model, r *rand.Rand) {
	code, err := compile.Make(m.Scorer)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := m.Scorer.Encode()
	if err != nil {
		t.Fatal(err)
	}
	module, err := e.Admit(code, blob, host.Limits{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer module.Close()
	in, err := module.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	rows, _ := candidates(r, 37, false)
	want := frame(t, m, rows)
	if err := m.Scorer.Score(want); err != nil {
		t.Fatal(err)
	}
	shape := m.Scorer.FrameShape()
	got, err := in.Frame(shape, len(rows))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, got, m, rows)
	if err := in.Score(); err != nil {
		t.Fatal(err)
	}
	for h := range shape.Heads {
		if a, b := bitsOf(got, h), bitsOf(want, h); a != b {
			t.Errorf("head %d: %s, not %s", h, a, b)
		}
	}
}

func bitsOf(f *abi.Frame, h int) string { return fmt.Sprintf("%x", f.Mean(h)) }
