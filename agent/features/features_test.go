package features_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// every is a features.yaml with one of every source, in frame order.
const every = `
version: 0
features:
  - {name: temperature, scope: context, kind: dense, source: context.temperature, scale: 0.5, offset: 1}
  - {name: hour, scope: context, kind: dense, source: time.hour}
  - {name: minute, scope: context, kind: dense, source: time.minute}
  - {name: weekday, scope: context, kind: dense, source: time.weekday}
  - {name: age, scope: context, kind: dense, source: profile.age, purpose: personalised_offers}
  - {name: weather, scope: context, kind: hashed, source: context.weather}
  - {name: place, scope: context, kind: hashed, source: context.place, purpose: cross_channel}
  - {name: taste, scope: context, kind: hashed, source: profile.taste, purpose: personalised_offers}
  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p, scale: 0.1}
  - {name: margin, scope: item, kind: dense, source: item.margin}
  - {name: discount, scope: item, kind: dense, source: item.discount}
  - {name: stock, scope: item, kind: dense, source: item.stock}
  - {name: sugar, scope: item, kind: dense, source: item.attr.sugar}
  - {name: said, scope: item, kind: dense, source: action.said}
  - {name: item, scope: item, kind: hashed, source: item.id}
  - {name: brand, scope: item, kind: hashed, source: item.brand}
  - {name: category, scope: item, kind: hashed, source: item.category}
  - {name: department, scope: item, kind: hashed, source: item.department}
  - {name: colour, scope: item, kind: hashed, source: item.attr.colour}
  - {name: word, scope: item, kind: hashed, source: action.word}
  - {name: secret, scope: item, kind: hashed, source: item.attr.colour, purpose: audience_statistics}
bits: 12
`

const slots = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 100}}
    count: 1
    policy: {kind: epsilon_greedy}
    reward: {weights: {click: 1}}
`

// shop is a node with a plan of everything, and its view of some items.
func shop(t testing.TB, items ...*wire.Item) (*nodetest.Node, *features.Plan, *rules.View) {
	n := nodetest.New(t, nodetest.Options{})
	files := nodetest.Files(t, nodetest.Slots(slots), "version: 0\nrules: [{id: live, kind: active}]\n", every, map[string]func(*scoring.Linear){"hero": nil})
	files["offers.csv"] = []byte("id,kind,target,slot,percent,status\no,items,b,hero,50,active\n")
	n.Use(files)
	n.Put(items...)
	slot := n.Releases.Active().Slot("hero")
	return n, slot.Plan, slot.Book.View(n.Catalogue.Snapshot(), n.Store.Now())
}

func nan(x float32) bool { return x != x }

// The context's columns are what the request, the clock and the grants say.
func TestContext(t *testing.T) {
	_, plan, _ := shop(t)
	at := time.Date(2026, 3, 4, 15, 6, 0, 0, time.FixedZone("", 3600)) // 14:06 UTC, a Wednesday
	all := features.Known{
		Time: at,
		Context: features.Values{
			{Name: "temperature", Kind: features.Number, Number: 20}, {Name: "weather", Kind: features.List, List: []string{"rain", "wind"}},
			{Name: "place", Kind: features.Number, Number: 12.5},
		},
		Profile: []consent.Field{{Name: "age", Value: consent.Value{Kind: consent.Number, Number: 40}}, {Name: "taste", Value: consent.Value{Kind: consent.List, List: []string{"sweet"}}}},
		Granted: func(wire.Purpose) bool { return true },
	}
	dense, ids := make([]float32, plan.Shape.ContextDense), make([]uint32, plan.Shape.ContextCategorical)
	plan.Context(dense, ids, &all)
	if want := []float32{11, 14, 6, 3, 40}; !slices.Equal(dense, want) {
		t.Errorf("%v, want %v", dense, want)
	}
	id := scoring.XX64.ID
	if want := []uint32{id("weather", "rain"), id("place", "12.5"), id("taste", "sweet")}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	kept, keptIDs := slices.Clone(dense), slices.Clone(ids)
	part := plan.Withhold(nil, dense, ids, nil, nil)
	if !nan(dense[4]) || ids[2] != 0 || ids[0] == 0 || math.Float32bits(dense[4]) != math.Float32bits(float32(math.NaN())) {
		t.Errorf("withheld: %v %v", dense, ids)
	}
	if !plan.Restore(part, dense, ids, nil) || !slices.Equal(dense, kept) || !slices.Equal(ids, keptIDs) {
		t.Errorf("restored: %v %v", dense, ids)
	}
	if plan.Restore(part[:4], dense, ids, nil) || plan.Restore(append(part, 0), dense, ids, nil) {
		t.Error("a part of another plan was restored")
	}
	// Nothing is left of another request.
	plan.Context(dense, ids, &features.Known{Time: at, Granted: func(wire.Purpose) bool { return false },
		Context: features.Values{{Name: "place", Kind: features.Text, Text: "here"}, {Name: "temperature", Kind: features.Text, Text: "warm"}}})
	if !nan(dense[0]) || !nan(dense[4]) || !slices.Equal(ids, []uint32{0, 0, 0}) {
		t.Errorf("without grants: %v %v", dense, ids)
	}
	if want := []consent.Declared{{Name: "age", Purpose: wire.PersonalisedOffers}, {Name: "taste", Purpose: wire.PersonalisedOffers}}; cmp.Diff(want, plan.Profile) != "" {
		t.Errorf("%+v", plan.Profile)
	}
	if want := []consent.Declared{{Name: "place", Purpose: wire.CrossChannel}, {Name: "secret", Purpose: wire.AudienceStatistics}}; cmp.Diff(want, plan.Others) != "" {
		t.Errorf("%+v", plan.Others)
	}
}

// The items' columns are what the catalogue, the offers and the caller say.
func TestItems(t *testing.T) {
	a := nodetest.Item("a", func(it *wire.Item) {
		it.Price.Amount, it.TaxRate, it.Cost, it.Stock = 1190, 0.19, 250, 7
		it.Category, it.Brand, it.Attributes = "food/fruit/apple", "b1", map[string]string{"sugar": "10.5", "colour": "red"}
	})
	b := nodetest.Item("b", func(it *wire.Item) {
		it.Price.Amount, it.TaxRate, it.CostKnown, it.Stock = 1000, 0, false, 0
		it.Category, it.Brand, it.Attributes = "", "", map[string]string{"sugar": "much"}
	})
	n, plan, view := shop(t, a, b)
	n.Move("below", "b", -2)
	id := scoring.XX64.ID
	wantDense := [][]float32{{0.1 * 7.0825486, 0.75, 0, 7, 10.5, missing}, {0.1 * 6.216606, missing, 0.5, -2, missing, missing}}
	wantIDs := [][]uint32{
		{id("item", "a"), id("brand", "b1"), id("category", "food/fruit/apple"), id("department", "food"), id("colour", "red"), 0, 0},
		{id("item", "b"), 0, 0, 0, 0, 0, 0},
	}
	asked := &features.Asked{Catalogue: n.Catalogue, Granted: func(wire.Purpose) bool { return false }}
	var rows features.Rows
	check := func(what string, dense [][]float32, ids [][]uint32) {
		t.Helper()
		for i := range dense {
			gotDense, gotIDs := rows.Append(nil, nil, i)
			if !close(gotDense, dense[i]) || !slices.Equal(gotIDs, ids[i]) {
				t.Errorf("%s, row %d: %v %v, want %v %v", what, i, gotDense, gotIDs, dense[i], ids[i])
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(plan.Rows(&rows, view.Source(), asked))
	check("the slot's own", wantDense, wantIDs)
	n.Move("m", "a", -3)
	must(plan.Rows(&rows, view.Source(), asked))
	wantDense[0][3] = 4
	check("after a sale", wantDense, wantIDs)
	asked.Granted = func(p wire.Purpose) bool { return p == wire.AudienceStatistics }
	must(plan.Rows(&rows, view.Source(), asked))
	wantIDs[0][6] = id("secret", "red")
	check("with a grant", wantDense, wantIDs)

	var given rules.Candidates
	must(view.Give(&given, []string{"b", "unknown", "a"}))
	asked.Actions = []features.Values{
		{{Name: "said", Kind: features.Number, Number: 3}, {Name: "word", Kind: features.Text, Text: "x"}},
		{{Name: "word", Kind: features.Number, Number: 5}, {Name: "said", Kind: features.Text, Text: "4"}},
		nil,
	}
	must(plan.Rows(&rows, &given, asked))
	unknown := []float32{missing, missing, missing, missing, missing, 4}
	wantDense[1][5] = 3
	wantIDs[1][5] = id("word", "x")
	check("given", [][]float32{wantDense[1], unknown, wantDense[0]}, [][]uint32{wantIDs[1], {id("item", "unknown"), 0, 0, 0, 0, id("word", "5"), 0}, wantIDs[0]})
	dense, ids := rows.AppendMissing(nil, nil)
	if !close(dense, []float32{missing, missing, missing, missing, missing, missing}) || !slices.Equal(ids, make([]uint32, 7)) {
		t.Errorf("of nothing: %v %v", dense, ids)
	}
}

var missing = float32(math.NaN())

func close(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return nan(x) && nan(y) || math.Abs(float64(x-y)) < 1e-5
	})
}

// A model sees what is on hand now, however often the column was kept.
func TestStockIsThatOfNow(t *testing.T) {
	n, plan, view := shop(t, nodetest.Item("a", func(it *wire.Item) { it.Stock = 7 }))
	const column = 3 // of the dense ones of items
	asked := &features.Asked{Catalogue: n.Catalogue, Granted: func(wire.Purpose) bool { return false }}
	for left := float32(7); left > 4; left-- {
		var rows features.Rows
		if err := plan.Rows(&rows, view.Source(), asked); err != nil {
			t.Fatal(err)
		}
		if dense, _ := rows.Append(nil, nil, 0); dense[column] != left {
			t.Errorf("the model sees %v on hand, want %v", dense[column], left)
		}
		n.Move(fmt.Sprint("sold", left), "a", -1)
	}
}

// What an instance scores is the rows as they are recorded, in whatever order
// slots, requests and stock come, and whatever the instance held before.
func TestFramesHoldWhatIsRecorded(t *testing.T) {
	n, plan, _ := shop(t, nodetest.Items(50)...)
	slot := n.Releases.Active().Slot("hero")
	var rows features.Rows
	var given rules.Candidates
	moves := 0
	rapid.Check(t, func(r *rapid.T) {
		if rapid.Bool().Draw(r, "stock moves") {
			moves++
			n.Move(fmt.Sprint("m", moves), fmt.Sprintf("item-%05d", rapid.IntRange(0, 49).Draw(r, "item")), 1)
		}
		if rapid.IntRange(0, 5).Draw(r, "price") == 0 {
			n.Put(nodetest.Item("item-00003", func(it *wire.Item) { it.Price.Amount = rapid.Int64Range(1, 5000).Draw(r, "to") }))
		}
		view := slot.Book.View(n.Catalogue.Snapshot(), n.Store.Now())
		of := view.Source()
		asked := features.Asked{Catalogue: n.Catalogue, Granted: func(wire.Purpose) bool { return true }}
		if rapid.Bool().Draw(r, "given") {
			var ids []string
			for i := range rapid.IntRange(0, 60).Draw(r, "actions") {
				ids = append(ids, fmt.Sprintf("item-%05d", i*7%60))
				asked.Actions = append(asked.Actions, features.Values{{Name: "said", Kind: features.Number, Number: float64(i)}})
			}
			slices.Sort(ids)
			ids = slices.Compact(ids)
			asked.Actions = asked.Actions[:len(ids)]
			if ids != nil {
				of = &given
				if err := view.Give(of, ids); err != nil {
					t.Fatal(err)
				}
			}
		}
		if of != &given {
			asked.Actions = nil
		}
		if err := plan.Rows(&rows, of, &asked); err != nil {
			t.Fatal(err)
		}
		in, err := slot.Scorer.Module.Borrow()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Return()
		all, err := rows.Frame(in)
		compare(r, &rows, all, err, nil)
		if of.Len() > 3 && rapid.Bool().Draw(r, "some alone") {
			some := []uint32{3, 0, uint32(of.Len() - 1)}
			f, err := rows.FrameOf(in, some)
			compare(r, &rows, f, err, some)
		}
	})
}

func compare(r *rapid.T, rows *features.Rows, f *abi.Frame, err error, some []uint32) {
	if err != nil {
		r.Fatal(err)
	}
	for i := range f.Rows() {
		from := i
		if some != nil {
			from = int(some[i])
		}
		dense, ids := rows.Append(nil, nil, from)
		if !close(f.DenseRow(nil, i), dense) || !slices.Equal(f.CategoricalRow(nil, i), ids) {
			r.Fatalf("row %d of %d: %v %v, recorded %v %v", i, f.Rows(), f.DenseRow(nil, i), f.CategoricalRow(nil, i), dense, ids)
		}
	}
}

// A model whose columns are not those that people approved has no plan.
func TestColumnsAreApproved(t *testing.T) {
	n, _, _ := shop(t)
	book := n.Releases.Active().Rulebook
	opened, err := bundle.Open(nodetest.Model(t, book, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := features.New(&opened.Manifest, book, nil); err != nil {
		t.Fatal(err)
	}
	for i := range opened.Manifest.Columns {
		for what, change := range map[string]func(*bundle.Column){
			"name":    func(c *bundle.Column) { c.Name += "x" },
			"source":  func(c *bundle.Column) { c.Source = "context.x" },
			"purpose": func(c *bundle.Column) { c.Purpose += "measurement" },
			"hash": func(c *bundle.Column) {
				if c.Hash = "vw"; c.Kind == bundle.KindDense {
					c.Scale = 77
				}
			},
			"offset": func(c *bundle.Column) {
				if c.Offset = 7; c.Kind == bundle.KindHashed {
					c.Source = "item.x"
				}
			},
		} {
			m := opened.Manifest
			m.Columns, m.Crosses = slices.Clone(m.Columns), nil
			change(&m.Columns[i])
			if _, err := features.New(&m, book, nil); !errors.Is(err, features.ErrColumns) {
				t.Errorf("column %s with another %s: %v", opened.Manifest.Columns[i].Name, what, err)
			}
		}
	}
	trained := opened.Manifest
	trained.Columns = slices.Clone(trained.Columns)
	weather := slices.IndexFunc(trained.Columns, func(c bundle.Column) bool { return c.Name == "weather" })
	trained.Columns[weather].Hash = "vw:Sky^is_" // by Vowpal Wabbit, elsewhere
	plan, err := features.New(&trained, book, nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]uint32, plan.Shape.ContextCategorical)
	plan.Context(make([]float32, plan.Shape.ContextDense), ids, &features.Known{
		Granted: func(wire.Purpose) bool { return true }, Context: features.Values{{Name: "weather", Kind: features.Text, Text: "blue"}},
	})
	if h, _ := scoring.ParseHasher("vw:Sky^is_", ""); ids[0] != h.ID("blue") {
		t.Errorf("a name of Vowpal Wabbit's is hashed to %d, want %d", ids[0], h.ID("blue"))
	}
	if want := []string{"sugar", "colour", "colour"}; !slices.Equal(features.Attributes(opened.Manifest.Columns), want) {
		t.Errorf("attributes %v", features.Attributes(opened.Manifest.Columns))
	}
}

// Values are read from JSON strictly.
func TestValues(t *testing.T) {
	var v features.Values
	text := `{"a":"x\u00e9\n","b":-1.5e2,"c":true,"d":null,"e":["1",2,false],"f":[]}`
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	want := features.Values{{Name: "a", Kind: features.Text, Text: "xé\n"}, {Name: "b", Kind: features.Number, Number: -150}, {Name: "c", Kind: features.Text, Text: "true"},
		{Name: "e", Kind: features.List, List: []string{"1", "2", "false"}}, {Name: "f", Kind: features.List}}
	if d := cmp.Diff(want, v); d != "" {
		t.Error(d)
	}
	if err := json.Unmarshal([]byte("null"), &v); err != nil || len(v) > 0 {
		t.Errorf("null: %v, %v", v, err)
	}
	for _, text := range []string{`[]`, `"x"`, `1`, `{"a":{}}`, `{"a":[[]]}`, `{"a":[{}]}`, `{"":1}`, `{"a":1e999}`, `{"a":"` + strings.Repeat("x", 1025) + `"}`,
		`{"a":[` + strings.Repeat("1,", 300) + `1]}`} {
		if err := json.Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%.40s was read as %v", text, v)
		}
	}
}

// FuzzValues reads what may be anything, and agrees with encoding/json.
func FuzzValues(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":1,"b":"\ud800","c":[1,"x"]}`, `{"a":"\`, `{"a" 1}`, `null`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v features.Values
		if v.UnmarshalJSON(b) != nil || !json.Valid(b) {
			return
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%q was read as %v; encoding/json says %v", b, v, err)
		}
		for _, x := range v {
			if _, ok := m[x.Name]; !ok {
				t.Fatalf("%q has no %q", b, x.Name)
			}
		}
	})
}
