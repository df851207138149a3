package ranking_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/elementary"
	"github.com/aisle-edge/aisle/sync/wire"
)

// A price that hangs on the person is told to be personal, in words, too; the model
// scores it, the record keeps it for training where that was granted and nowhere else,
// and both replay to the bit.
func TestPersonalPricesOfADecision(t *testing.T) {
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 5", 1)
	n := onOffers(t, nodetest.Options{}, slot, `o,items,item-00001,20,,,"{""profile.taste"": ""sweet""}",`+"\np,items,item-00002,10,,,,\n")
	needed := []wire.Purpose{wire.ProfileBuilding, wire.PersonalisedOffers}
	n.Grant("trains", append(needed, wire.ModelTraining)...)
	n.Grant("private", needed...)
	n.Grant("sour", needed...)
	for _, who := range []string{"trains", "private"} {
		n.Know(who, "taste", "sweet")
	}
	n.Know("sour", "taste", "sour")
	scores := map[string]float64{}
	for i, who := range []string{"", "trains", "private", "sour", "trains", ""} {
		r := ranking.Request{EventID: fmt.Sprint("e", i), Slot: "hero", ProfileID: who, Explain: true, Language: "de"}
		a := decide(t, n, r)
		all, _ := n.Decisions()
		rec := all[len(all)-1]
		dense, err := wire.View[float32](rec.Features.Dense)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Items) != 5 {
			t.Fatalf("%+v", a.Items)
		}
		for at, it := range a.Items {
			price := map[string]int64{"item-00001": 1000, "item-00002": 900}[it.ID]
			personal := (who == "trains" || who == "private") && it.ID == "item-00001"
			if personal {
				price = 800
			} else if price == 0 {
				price = 1000
			}
			if it.Price.Amount != price || it.Price.Personalised != personal || rec.Shown[at].PricePersonal != personal {
				t.Errorf("%s is told that %s is %+v", who, it.ID, it.Price)
			}
			says := slices.ContainsFunc(it.Reasons, func(r ranking.Reason) bool {
				return r.Feature == "price" && r.Contribution == 0 && strings.HasPrefix(r.Text, "ein persönlicher Preis")
			})
			if says != personal {
				t.Errorf("%s is told of %s: %+v", who, it.ID, it.Reasons)
			}
			column, want := dense[3*at], float32(elementary.Log1p(float64(price))*0.1)
			if personal && who == "private" {
				want = float32(math.NaN())
			}
			if math.Float32bits(column) != math.Float32bits(want) {
				t.Errorf("%s: %s is recorded at %v, want %v", who, it.ID, column, want)
			}
			if it.ID == "item-00001" {
				scores[who] = it.Score
			}
		}
		if got, err := n.Decider.Replay(r.EventID); err != nil || !got.Agrees || !got.Scored {
			t.Errorf("%s: replayed %+v, %v", who, got, err)
		}
		if again := decide(t, n, r); !slices.EqualFunc(again.Items, a.Items, func(x, y ranking.Item) bool { return *x.Price == *y.Price }) {
			t.Errorf("%s: asked again %+v", who, again.Items)
		}
	}
	if scores["trains"] == scores[""] || scores["trains"] != scores["private"] {
		t.Errorf("item-00001 is scored %v", scores)
	}
}
