package features_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/together"
	"github.com/aisle-edge/aisle/sync/wire"
)

const fitting = `
version: 0
features:
  - {name: fit, scope: item, kind: dense, source: pair.basket_fit, scale: 2}
  - {name: department, scope: context, kind: hashed, source: basket.department}
`

// How well a candidate goes with a basket has the bits of the mean that an oracle
// takes of the release's artifact, and is missing where that knows nothing.
func TestBasketFit(t *testing.T) {
	var baskets [][]uint64
	for i := range 60 {
		baskets = append(baskets, []uint64{hash(fmt.Sprintf("item-%05d", i%9)), hash(fmt.Sprintf("item-%05d", i%7)), hash(fmt.Sprintf("item-%05d", i%5)), hash("elsewhere")})
	}
	pairs := together.Count(slices.Values(baskets), 6, 2)
	files := nodetest.Files(t, nodetest.Slots(slots), "version: 0\nrules: []\n", fitting, map[string]func(*scoring.Linear){"hero": nil})
	n := nodetest.New(t, nodetest.Options{})
	n.Use(files)
	n.Put(nodetest.Items(20)...)
	bare := n.Releases.Active().Slot("hero").Plan
	files["model/together.bin"] = pairs.Append(nil)
	n.Use(files)
	slot := n.Releases.Active().Slot("hero")
	view := slot.Book.View(n.Catalogue.Snapshot(), n.Store.Now())
	var rows features.Rows
	rapid.Check(t, func(r *rapid.T) {
		ids := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) string { return fmt.Sprintf("item-%05d", rapid.IntRange(0, 22).Draw(r, "item")) }), 0, 8).Draw(r, "basket")
		context := features.Values{{Name: "basket", Kind: features.List, List: ids}}
		if rapid.IntRange(0, 5).Draw(r, "none") == 0 {
			context, ids = nil, nil
		}
		asked := features.Asked{Catalogue: n.Catalogue, Basket: features.Basket(nil, context, view), Granted: func(wire.Purpose) bool { return false }}
		if (asked.Basket == nil) != (context == nil) {
			r.Fatalf("a basket of %v", asked.Basket)
		}
		if err := slot.Plan.Rows(&rows, view.Source(), &asked); err != nil {
			t.Fatal(err)
		}
		different := slices.Compact(slices.Sorted(slices.Values(ids)))
		slices.SortFunc(different, func(a, b string) int { return slices.Index(ids, a) - slices.Index(ids, b) })
		for i := range 20 {
			sum, known := 0.0, 0
			for _, id := range different {
				near, scores, ok := pairs.Near(hash(id))
				if k := slices.Index(near, hash(fmt.Sprintf("item-%05d", i))); k >= 0 {
					sum += float64(scores[k])
				}
				if ok && id < "item-00020" {
					known++
				}
			}
			want := missing
			if known > 0 {
				want = float32(2 * (sum / float64(known)))
			}
			if got, _ := rows.Append(nil, nil, i); math.Float32bits(got[0]) != math.Float32bits(want) {
				r.Fatalf("item %d with %v: %v, want %v", i, ids, got[0], want)
			}
		}
		if err := bare.Rows(&rows, view.Source(), &asked); err != nil {
			t.Fatal(err)
		}
		if got, _ := rows.Append(nil, nil, 0); !nan(got[0]) {
			r.Fatalf("without the artifact: %v", got)
		}
	})
	id := make([]uint32, 1)
	for basket, want := range map[string]string{"item-00001,item-00008,item-00002": "dept1", "item-00003,item-00004": "dept3", "unheard": "", "": ""} {
		context := features.Values{{Name: "basket", Kind: features.List, List: strings.Split(basket, ",")}}
		slot.Plan.Context(nil, id, &features.Known{Context: context, View: view, Basket: features.Basket(nil, context, view)})
		if expected := scoring.XX64.ID("department", want); want != "" && id[0] != expected || want == "" && id[0] != 0 {
			t.Errorf("%s: %d, want %s", basket, id[0], want)
		}
	}
}
