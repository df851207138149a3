package features_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const ofPrices = `
version: 0
features:
  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p}
  - {name: stock, scope: item, kind: dense, source: item.stock}
  - {name: margin, scope: item, kind: dense, source: item.margin}
  - {name: discount, scope: item, kind: dense, source: item.discount, scale: 2}
  - {name: ratio, scope: item, kind: dense, source: pair.price_ratio, purpose: personalised_offers}
  - {name: apart, scope: item, kind: dense, source: item.price, purpose: audience_statistics}
  - {name: item, scope: item, kind: hashed, source: item.id}
  - {name: clubs, scope: context, kind: hashed, source: profile.clubs, purpose: personalised_offers}
`

// priceShop has an offer on every third brand, for all or for who is in a club.
func priceShop(t *testing.T, condition string) *nodetest.Node {
	n := nodetest.New(t, nodetest.Options{})
	files := nodetest.Files(t, nodetest.Slots(slots), "version: 0\nrules: [{id: live, kind: active}]\n", ofPrices, map[string]func(*scoring.Linear){"hero": nodetest.Random(2)})
	files["offers.csv"] = []byte("id,kind,target,percent,condition\no,brand,brand1,30," + condition + "\np,brand,brand4,10,\n")
	n.Use(files)
	n.Put(nodetest.Items(150)...)
	return n
}

// A price of the decision is scored and recorded to the bit as one that holds for
// everybody, in the frame of an instance, in that of some rows and in the record, and
// the next decision sees nothing of it.
func TestPersonalPricesAreScored(t *testing.T) {
	everybodys, personal := priceShop(t, ""), priceShop(t, `"{""profile.clubs"": ""gold""}"`)
	history := func(now int64) []consent.Field {
		return purchases(now, consent.Purchase{Item: hash("item-00001"), Times: 2, Day: uint16(consent.DayOf(now)), Price: 700})
	}
	var given [2]rules.Candidates
	var rows [2]features.Rows
	for _, own := range []bool{true, false} {
		for round, gold := range []bool{true, false, true, true, false} {
			var got [2][][]float32
			for k, n := range []*nodetest.Node{everybodys, personal} {
				slot, now := n.Releases.Active().Slot("hero"), n.Store.Now()
				of := slot.Book.View(n.Catalogue.Snapshot(), now).Source()
				if !own {
					ids := []string{"nothing"}
					for i := range 140 {
						ids = append(ids, fmt.Sprintf("item-%05d", i*37%150))
					}
					view := of.View
					of = &given[k]
					if err := view.Give(of, ids); err != nil {
						t.Fatal(err)
					}
				}
				asked := rules.Asked{Now: now, Profile: history(now)}
				if gold {
					asked.Profile = append(asked.Profile, consent.Field{Name: "clubs", Value: consent.Value{Kind: consent.Text, Text: "gold"}})
				}
				var allowed rules.Allowed
				of.Allow(&allowed, nil, asked)
				err := slot.Plan.Rows(&rows[k], of, &features.Asked{Catalogue: n.Catalogue, Now: now, Profile: asked.Profile, Allowed: &allowed,
					Granted: func(p wire.Purpose) bool { return round != 3 || p != wire.AudienceStatistics }})
				if err != nil {
					t.Fatal(err)
				}
				in, err := slot.Scorer.Module.Borrow()
				if err != nil {
					t.Fatal(err)
				}
				f, err := rows[k].Frame(in)
				if err != nil {
					t.Fatal(err)
				}
				all := make([]uint32, of.Len())
				for i := range of.Len() {
					all[i] = uint32(i)
					dense, _ := rows[k].Append(nil, nil, i)
					got[k] = append(got[k], dense)
					if !same(f.DenseRow(nil, i), dense) {
						t.Errorf("round %d: row %d is scored as %v and recorded as %v", round, i, f.DenseRow(nil, i), dense)
					}
				}
				if round < 3 {
					in.Return() // with its frame
					continue
				}
				if f, err = rows[k].FrameOf(in, all); err != nil {
					t.Fatal(err)
				}
				for i := range all {
					if !same(f.DenseRow(nil, i), got[k][i]) {
						t.Errorf("round %d: row %d alone is scored as %v and recorded as %v", round, i, f.DenseRow(nil, i), got[k][i])
					}
				}
				in.Return()
			}
			differ := 0
			for i := range got[0] {
				if !same(got[0][i], got[1][i]) {
					differ++
				}
			}
			if gold && differ != 0 || !gold && differ < 5 {
				t.Errorf("round %d: %d rows differ from everybody's where gold is %v", round, differ, gold)
			}
		}
	}
}

func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// What rows say of prices that hang on a person is withheld as theirs, and comes back.
func TestWithheldPrices(t *testing.T) {
	plan := priceShop(t, "").Releases.Active().Slot("hero").Plan
	rows := make([]float32, 3*6)
	for i := range rows {
		rows[i] = float32(i) + 0.25
	}
	was := slices.Clone(rows)
	ids := []uint32{7}
	part := plan.Withhold(nil, nil, ids, rows, []uint32{2})
	for i, x := range rows {
		price := i >= 12 && (i%6 == 0 || i%6 == 2 || i%6 == 3 || i%6 == 5)
		if (price || i%6 == 4) != nan(x) {
			t.Errorf("cell %d is %v", i, x)
		}
	}
	if plan.Restore(part, nil, ids, rows[:12]) || plan.Restore(part[:len(part)-4], nil, ids, rows) {
		t.Error("a part of other rows was restored")
	}
	if !plan.Restore(part, nil, ids, rows) || !slices.Equal(rows, was) {
		t.Errorf("restored %v", rows)
	}
}
