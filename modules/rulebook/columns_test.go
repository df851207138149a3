package rulebook_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

func apply(r rulebook.Rule, c *rulebook.Columns, n int) (left []int, removed int) {
	allowed := bitmap.New(n)
	allowed.Fill(n)
	removed = r.Apply(c, allowed)
	return slices.Collect(allowed.All()), removed
}

func TestActive(t *testing.T) {
	left, removed := apply(rulebook.Rule{Kind: rulebook.Active}, &rulebook.Columns{Status: []uint8{0, 1, 0, 2}}, 4)
	if !slices.Equal(left, []int{0, 2}) || removed != 2 {
		t.Errorf("left %v, removed %d", left, removed)
	}
}

func TestExclude(t *testing.T) {
	c := &rulebook.Columns{
		Category:   []uint32{0, 1, 2, 3, 4, 1},
		Categories: []string{"", "tobacco", "tobacco/pipes", "tobaccos", "food"},
		Brand:      []uint32{0, 0, 1, 1, 2, 2},
		Brands:     []string{"", "b", "B"},
		Place:      func(id string) (int, bool) { return 0, id == "first" },
	}
	for _, x := range []struct {
		rule rulebook.Rule
		left []int
	}{
		{rulebook.Rule{Categories: []string{"tobacco"}}, []int{0, 3, 4}},
		{rulebook.Rule{Categories: []string{"/tobacco/pipes/"}}, []int{0, 1, 3, 4, 5}},
		{rulebook.Rule{Brands: []string{"b"}}, []int{0, 1, 4, 5}},
		{rulebook.Rule{Items: []string{"first", "gone"}}, []int{1, 2, 3, 4, 5}},
		{rulebook.Rule{Categories: []string{"tobacco"}, Brands: []string{"b", "B"}, Items: []string{"first"}}, nil},
	} {
		x.rule.Kind = rulebook.Exclude
		if left, removed := apply(x.rule, c, 6); !slices.Equal(left, x.left) || removed != 6-len(x.left) {
			t.Errorf("%+v: left %v, removed %d", x.rule, left, removed)
		}
	}
}

// Nothing below the floor stays and nothing at it goes, by exact fractions.
func TestMarginFloorIsExact(t *testing.T) {
	amount := rapid.OneOf(rapid.Int64Range(-2, 300), rapid.Int64Range(0, math.MaxInt64))
	rapid.Check(t, func(t *rapid.T) {
		price, cost := amount.Draw(t, "price"), amount.Draw(t, "cost")
		floor := rapid.Int64Range(0, 999_999).Draw(t, "floor in millionths")
		keep := price > 0 && cost >= 0
		if keep {
			margin := new(big.Rat).SetFrac(new(big.Int).Sub(big.NewInt(price), big.NewInt(cost)), big.NewInt(price))
			keep = margin.Cmp(big.NewRat(floor, 1_000_000)) >= 0
		}
		c := &rulebook.Columns{NetPrice: []int64{price}, NetCost: []int64{cost}}
		if left, _ := apply(rulebook.Rule{Kind: rulebook.Margin, Floor: float64(floor) / 1e6}, c, 1); keep != (len(left) == 1) {
			t.Fatalf("keeps %v, want %v", left, keep)
		}
	})
}

func TestUnknownCostIsRemoved(t *testing.T) {
	c := &rulebook.Columns{NetPrice: []int64{100, 100, 0}, NetCost: []int64{rulebook.UnknownCost, 0, 0}}
	if left, _ := apply(rulebook.Rule{Kind: rulebook.Margin}, c, 3); !slices.Equal(left, []int{1}) {
		t.Errorf("left %v", left)
	}
}

// A rule that needs more than columns touches nothing.
func TestOtherKindsRemoveNothing(t *testing.T) {
	for _, kind := range []rulebook.RuleKind{rulebook.Stock, rulebook.Cap, rulebook.Suppress} {
		if left, removed := apply(rulebook.Rule{Kind: kind}, &rulebook.Columns{}, 3); len(left) != 3 || removed != 0 {
			t.Errorf("%s: left %v", kind, left)
		}
	}
}

func BenchmarkApplyMargin20000(b *testing.B) {
	const n = 20_000
	c := &rulebook.Columns{NetPrice: make([]int64, n), NetCost: make([]int64, n)}
	for i := range n {
		c.NetPrice[i], c.NetCost[i] = int64(100+i%900), int64(i%700)
	}
	r := rulebook.Rule{Kind: rulebook.Margin, Floor: 0.05}
	allowed := bitmap.New(n)
	for b.Loop() {
		allowed.Fill(n)
		r.Apply(c, allowed)
	}
}
