package ranking_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// BenchmarkMixed is one decision for somebody whose profile holds 256 purchases, over
// 1,000 candidates, without and with mixing and diversity.
func BenchmarkMixed(b *testing.B) {
	const mix, varied = "\n    mix: {personas: 3, source: profile.bought, purpose: personalised_offers}", "\n    diversity: {mmr: 0.7}"
	items := nodetest.Items(1000)
	for _, c := range []struct{ name, with string }{{"plain", ""}, {"diversity", varied}, {"mix", mix}, {"both", mix + varied}} {
		b.Run(c.name, func(b *testing.B) {
			n := nodetest.New(b, nodetest.Options{})
			slot := strings.Replace(nodetest.Slot, "count: 3", "count: 5"+c.with, 1)
			features := strings.Replace(plainFeatures, "features:\n", "features:\n  - {name: bought, scope: context, kind: hashed, source: profile.bought, purpose: personalised_offers}\n", 1)
			files := nodetest.Files(b, nodetest.Slots(slot), "version: 0\nrules: []\n", features, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)})
			files["model/embeddings"] = nodetest.Kinds(b, items, 5, 2)
			n.Use(files)
			n.Put(items...)
			n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedOffers)
			r := rand.New(rand.NewPCG(1, 1))
			var ids []string
			for _, i := range r.Perm(len(items))[:256] {
				ids = append(ids, items[i].Id)
			}
			n.Bought("ann", ids...)
			for i := 0; b.Loop(); i++ {
				if _, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), ProfileID: "ann"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
