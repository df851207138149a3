package condition_test

import (
	"fmt"
	"testing"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

const (
	five  = `{"weather":{"$in":["rain","snow"]},"age":{"$gte":18,"$lt":70},"diet":{"$ne":"vegan"},"tags":{"$elemMatch":{"$eq":"c"}}}`
	every = `{"a":{"$regexi":"^ab+c"},"b":{"$ini":["X","É"]},"c":{"$vgt":"1.2.3-rc.1"},"d":"12.5","e":{"$all":["x","y"]},"$nor":[{"f":{"$size":{"$gt":3}}},{"g":["x"]}],"h":{"$gt":"5"}}`
)

func fiveValues() []condition.Value {
	return []condition.Value{condition.Text("rain"), condition.Number(30), condition.Text("none"), condition.Texts([]string{"a", "b", "c"})}
}

func everyValue() []condition.Value {
	xy := condition.Texts([]string{"x", "y"})
	return []condition.Value{condition.Text("ABBC"), condition.Text("é"), condition.Text("v1.2.3+b"), condition.Number(12.5), xy, xy, xy, condition.Text("8")}
}

// TestEvalDoesNotAllocate holds the hot path to its word.
func TestEvalDoesNotAllocate(t *testing.T) {
	for said, values := range map[string][]condition.Value{five: fiveValues(), every: everyValue()} {
		c := mustParse(t, said)
		if got := c.Eval(values); got != condition.True {
			t.Errorf("%s is %v", said, got)
		}
		if n := testing.AllocsPerRun(1000, func() { c.Eval(values) }); n > 0 {
			t.Errorf("%s allocates %v times", said, n)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	for name, said := range map[string]string{"five": five, "every": every} {
		values := map[string][]condition.Value{five: fiveValues(), every: everyValue()}[said]
		b.Run(name, func(b *testing.B) {
			c := mustParse(b, said)
			b.ReportAllocs()
			for b.Loop() {
				c.Eval(values)
			}
		})
	}
}

func BenchmarkKeep(b *testing.B) {
	const items = 10_000
	brand, colour := condition.Column{IDs: make([]uint32, items)}, condition.Column{IDs: make([]uint32, items)}
	for i := range items {
		brand.IDs[i], colour.IDs[i] = uint32(i*7919%500), uint32(i*31%20)
	}
	for i := range 500 {
		brand.Names = append(brand.Names, fmt.Sprint("brand ", i))
	}
	colour.Names = brand.Names[:20]
	prices := make([]int64, items)
	for i := range prices {
		prices[i] = int64(i * 37 % 5000)
	}
	price := condition.Column{At: func(i int) condition.Value { return condition.Number(float64(prices[i])) }}
	for name, c := range map[string]struct {
		said    string
		columns []condition.Column
	}{
		"dictionaries": {`{"brand":{"$nin":["brand 1","brand 2"]},"colour":{"$regex":"[02468]$"}}`, []condition.Column{brand, colour}},
		"number":       {`{"price":{"$gte":100,"$lt":4000}}`, []condition.Column{price}},
		"across":       {`{"$or":[{"brand":"brand 1"},{"colour":"brand 2"},{"price":{"$lt":2500}}]}`, []condition.Column{brand, colour, price}},
	} {
		b.Run(name, func(b *testing.B) {
			parsed, allowed := mustParse(b, c.said), bitmap.New(items)
			for b.Loop() {
				allowed.Fill(items)
				parsed.Keep(allowed, c.columns)
			}
		})
	}
}
