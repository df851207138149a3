package ranking_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

func times(n int, id string) []string { return slices.Repeat([]string{id}, n) }

const mixedSlot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 100}}
    count: 4
    none: {floor: 0.05}
    hold: {ttl: 1s}
    policy: {kind: squarecb, epsilon: 0.4, gamma: 4}
    pins: [{position: 3, item: item-00011}]
    promoted: {share: 0.2, where: {item.brand: brand5}}
    mix: {personas: 3, source: profile.bought, purpose: personalised_offers}
    diversity: {mmr: 0.6}
    reward: {weights: {click: 1}}
`

const mixedRules = `
version: 0
rules:
  - {id: stock, kind: stock}
  - {id: cap, kind: cap, count: 1, window: 24h, per: session}
  - {id: two, kind: limit, count: 1, of: category, depth: 1}
`

// mixedDecisions decides for one person on a node whose stock moves in the middle of
// decisions.
func mixedDecisions(t *testing.T, many int) (*nodetest.Node, []*wire.Decision) {
	n := newMoving(t, 12, 4, 6)
	files := nodetest.Files(t, nodetest.Slots(mixedSlot), mixedRules, plainFeatures, map[string]func(*scoring.Linear){"hero": nodetest.Random(11)})
	files["model/embeddings"] = nodetest.Kinds(t, n.items, 3, 1)
	n.Use(files)
	n.Put(n.items...)
	n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedOffers)
	n.Bought("ann", slices.Concat(times(5, "item-00000"), times(3, "item-00001"), times(2, "item-00002"))...)
	return n.Node, n.decides(many, 20, 1200*time.Millisecond, func(i int) ranking.Request {
		return ranking.Request{ProfileID: "ann", SessionID: fmt.Sprint("s", i)}
	})
}

// feasibleAt are the items that a position was drawn from: so few that all of them
// contended.
func feasibleAt(t *testing.T, d *wire.Decision, position int) (ids []string) {
	t.Helper()
	rows, err := wire.View[uint32](d.Shown[position].Contenders)
	if err != nil || len(rows) != int(d.Shown[position].Feasible) {
		t.Fatalf("%d contenders of %d; %v", len(rows), d.Shown[position].Feasible, err)
	}
	for _, row := range rows {
		ids = append(ids, d.Items[row])
	}
	slices.Sort(ids)
	return ids
}

func number(id string) (n int) {
	_, _ = fmt.Sscanf(id, "item-%d", &n)
	return n
}

// Promise 5: with mixing, diversity, a pin, promoted items, caps, a limit, none and
// holds that move under the decision, what is shown comes as often as the logged
// probabilities say, and weighing by them gives the known value of another policy.
func TestMixedListsLogTrueConditionals(t *testing.T) {
	t.Parallel()
	n, decisions := mixedDecisions(t, 6000)
	situations := map[string]*situation{}
	var off []float64
	positions, byKind := 0, map[int]int{}
	promoted, pinned := 0, 0
	for _, d := range decisions {
		above := ""
		for i, s := range d.Shown {
			if s.Pinned {
				pinned++
			} else {
				feasible := feasibleAt(t, d, i)
				key := fmt.Sprint(feasible, " after ", above, " at ", i, " by ", d.Policy.Kind)
				at := situations[key]
				if at == nil {
					at = &situation{observed: map[string]int{}, logged: map[string]float64{}}
					situations[key] = at
				}
				at.n++
				at.observed[d.Items[i]]++
				if p, ok := at.logged[d.Items[i]]; ok && math.Abs(p-s.Probability) > 1e-12 {
					t.Fatalf("%s: %q was logged with %v and with %v", key, d.Items[i], p, s.Probability)
				}
				at.logged[d.Items[i]] = s.Probability
				truth := 0.0
				for _, id := range feasible {
					truth += float64(number(id)%5) / float64(len(feasible))
				}
				off = append(off, float64(number(d.Items[i])%5)/float64(len(feasible))/s.Probability-truth)
				switch {
				case feasible[0] == "":
				case slices.Equal(feasible, []string{"item-00005"}):
					promoted++
				case pure(feasible) >= 0:
					byKind[pure(feasible)]++
					fallthrough
				default:
					positions++
				}
			}
			above += d.Items[i] + ","
		}
	}
	chi, freedom := chiSquared(t, situations)
	z := (chi - float64(freedom)) / math.Sqrt(2*float64(freedom))
	mean, deviation := meanOf(off)
	t.Logf("chi-squared %.0f at %d degrees of freedom (z = %.2f) in %d situations; another policy is valued %.4f ± %.4f off; %d positions of tastes, %v by taste, %d promoted, %d pinned",
		chi, freedom, z, len(situations), mean, deviation, positions, byKind, promoted, pinned)
	if math.Abs(z) > 4 || freedom < 30 {
		t.Errorf("chi-squared %.0f at %d degrees of freedom", chi, freedom)
	}
	if math.Abs(mean) > 4*deviation || deviation > 0.05 {
		t.Errorf("another policy is valued %.4f ± %.4f off", mean, deviation)
	}
	if byKind[0] < byKind[1] || byKind[1] < byKind[2] || byKind[2] == 0 || promoted == 0 || pinned == 0 {
		t.Errorf("%v positions by taste, %d promoted, %d pinned", byKind, promoted, pinned)
	}
	replayed(t, n, decisions)
}

// pure is the kind of items that are all of one, or -1.
func pure(ids []string) int {
	kind := number(ids[0]) % 3
	for _, id := range ids {
		if number(id)%3 != kind {
			return -1
		}
	}
	return kind
}

func chiSquared(t *testing.T, situations map[string]*situation) (chi float64, freedom int) {
	t.Helper()
	for key, s := range situations {
		rest, left, cells := 1.0, s.n, 0
		for id, p := range s.logged {
			if e := p * float64(s.n); e >= 5 {
				chi += (float64(s.observed[id]) - e) * (float64(s.observed[id]) - e) / e
				rest, left = rest-p, left-s.observed[id]
				cells++
			}
		}
		if rest < -1e-9 {
			t.Errorf("%s: the logged probabilities sum to %v", key, 1-rest)
		}
		if e := rest * float64(s.n); e >= 5 {
			chi += (float64(left) - e) * (float64(left) - e) / e
			cells++
		}
		freedom += max(cells-1, 0)
	}
	return chi, freedom
}

func meanOf(xs []float64) (mean, deviation float64) {
	var sum, squares float64
	for _, x := range xs {
		sum, squares = sum+x, squares+x*x
	}
	n := float64(len(xs))
	return sum / n, math.Sqrt(squares / n / n)
}

// replayed holds replay to the same bits, also once the person took back all they
// granted: the record alone tells what was drawn from.
func replayed(t *testing.T, n *nodetest.Node, decisions []*wire.Decision) {
	t.Helper()
	n.Grant("ann")
	adjusted := 0
	for _, d := range decisions[:300] {
		for _, x := range d.Shown {
			if len(x.Mean) > 0 {
				adjusted++
			}
		}
		r, err := n.Decider.Replay(d.EventId)
		if err != nil || !r.Agrees {
			t.Fatalf("%s: %+v, %v", d.EventId, r, err)
		}
	}
	if adjusted == 0 {
		t.Error("diversity adjusted nothing")
	}
}

// Tastes get their shares of the positions of a list, and of the first position over
// many lists.
func TestTastesGetTheirShares(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	items := nodetest.Items(300)
	slot := strings.NewReplacer("count: 3", "count: 10\n    mix: {personas: 3, source: profile.bought, purpose: personalised_offers}").Replace(nodetest.Slot)
	files := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules: []\n", plainFeatures, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)})
	files["model/embeddings"] = nodetest.Kinds(t, items, 5, 2)
	n.Use(files)
	n.Put(items...)
	n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedOffers)
	n.Bought("ann", slices.Concat(times(3, "item-00000"), times(3, "item-00005"), times(3, "item-00001"), times(1, "item-00002"))...)
	shares := []float64{0.6, 0.3, 0.1}
	const many = 2000
	first, off := map[int]int{}, 0
	for i := range many {
		a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), ProfileID: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		in := map[int]int{}
		for _, it := range a.Items {
			in[number(it.ID)%5]++
		}
		first[number(a.Items[0].ID)%5]++
		for kind, share := range shares {
			if x := float64(in[kind]) - 10*share; math.Abs(x) > 1e-9 {
				off++
			}
		}
		if in[3]+in[4] > 0 {
			t.Fatalf("%d items are of no taste of this person", in[3]+in[4])
		}
	}
	t.Logf("of the first positions %v are of tastes whose shares are %v; of %d lists of 10 %d shares were off", first, shares, many, off)
	for kind, share := range shares {
		if e := share * many; math.Abs(float64(first[kind])-e) > 4*math.Sqrt(e) {
			t.Errorf("taste %d stands first %d times, its share is %v", kind, first[kind], share)
		}
	}
	if off > 0 {
		t.Errorf("%d times a taste had not its share of a list", off)
	}
}

// A history of purchases counts as the same items in a list do.
func TestHistoriesAreMixedAsListsAre(t *testing.T) {
	items := nodetest.Items(60)
	var answers [2][]string
	for i, field := range []string{"bought", "purchases"} {
		n := nodetest.New(t, nodetest.Options{})
		slot := strings.Replace(nodetest.Slot, "count: 3", "count: 6\n    mix: {source: profile."+field+", purpose: personalised_offers}", 1)
		files := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules: []\n", plainFeatures, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)})
		files["model/embeddings"] = nodetest.Kinds(t, items, 5, 2)
		n.Use(files)
		n.Put(items...)
		n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedOffers)
		if n.Bought("ann", slices.Concat(times(4, "item-00000"), times(1, "item-00001"))...); field == "purchases" {
			history := []consent.Purchase{{Item: xxhash.Sum64String("item-00000"), Times: 4, Day: 20_000}, {Item: xxhash.Sum64String("item-00001"), Times: 1, Day: 20_000}}
			slices.SortFunc(history, func(a, b consent.Purchase) int { return cmp.Compare(a.Item, b.Item) })
			fields := []consent.Field{{Name: field, Value: consent.Value{Kind: consent.History, History: history}}}
			a := n.Releases.Active()
			if _, err := n.Consents.Write(ctx, consent.Request{Who: nodetest.Person("ann"), Terms: a.Terms}, fields, a.Profile); err != nil {
				t.Fatal(err)
			}
		}
		for event := range 30 {
			a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", event), ProfileID: "ann"})
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range a.Items {
				if kind := number(it.ID) % 5; kind > 1 {
					t.Fatalf("profile.%s: an item of kind %d is of no taste", field, kind)
				}
				answers[i] = append(answers[i], it.ID)
			}
		}
	}
	if !slices.Equal(answers[0], answers[1]) {
		t.Errorf("by list %v, by history %v", answers[0], answers[1])
	}
}

// Nothing is mixed by what is not granted for it, though another purpose may let
// the same field be read; nor without a person, vectors, or in the arms that are not
// learned.
func TestNothingIsMixedWithoutItsPurpose(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	items := nodetest.Items(60)
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 5\n    mix: {personas: 3, source: profile.bought, purpose: personalised_content}", 1)
	features := strings.Replace(plainFeatures, "features:\n", "features:\n  - {name: bought, scope: context, kind: hashed, source: profile.bought, purpose: personalised_offers}\n", 1)
	experiment := "    experiment: {id: loop, arms: [{id: a, share: 0.5, policy: learned}, {id: c, share: 0.5, policy: uniform}]}\n"
	use := func(change ...string) {
		files := nodetest.Files(t, nodetest.Slots(strings.NewReplacer(change...).Replace(slot)), "version: 0\nrules: []\n", features, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)})
		if len(change) == 0 || change[0] != "vectors" {
			files["model/embeddings"] = nodetest.Kinds(t, items, 5, 2)
		}
		n.Use(files)
	}
	use()
	n.Put(items...)
	all := []wire.Purpose{wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent}
	n.Grant("ann", all...)
	n.Bought("ann", slices.Concat(times(3, "item-00000"), times(3, "item-00001"))...)
	events := 0
	mixed := func(r ranking.Request) (bool, *wire.Decision) {
		t.Helper()
		events++
		r.Slot, r.EventID = "hero", fmt.Sprint("e", events)
		if _, err := n.Decider.Decide(ctx, &r); err != nil {
			t.Fatal(err)
		}
		decisions, _ := n.Decisions()
		d := decisions[len(decisions)-1]
		return len(d.Shown[0].Contenders) > 0, d
	}
	ann := ranking.Request{ProfileID: "ann"}
	if is, _ := mixed(ann); !is {
		t.Fatal("nothing is mixed with all that is needed")
	}
	if is, _ := mixed(ranking.Request{}); is {
		t.Error("mixed for nobody")
	}
	if is, _ := mixed(ranking.Request{ProfileID: "bob"}); is {
		t.Error("mixed for somebody who granted nothing")
	}
	n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedOffers)
	is, d := mixed(ann)
	if is {
		t.Error("mixed by a field that was granted for another purpose")
	}
	if !slices.ContainsFunc(d.Withheld, func(w *wire.Withheld) bool { return w.Field == "bought" && w.Purpose == "personalised_content" }) {
		t.Errorf("withheld is %v", d.Withheld)
	}
	n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedContent)
	if is, _ := mixed(ann); is {
		t.Error("mixed without the slot's purpose")
	}
	n.Grant("ann", all...)
	if is, _ := mixed(ann); !is {
		t.Error("not mixed though granted again")
	}
	use("    rules: []\n", experiment+"    rules: []\n")
	for range 20 {
		if is, d := mixed(ann); is != (d.Arms[0].Arm == "a") {
			t.Errorf("arm %s: mixed %v", d.Arms[0].Arm, is)
		}
	}
	use("vectors", "vectors")
	if is, _ := mixed(ann); is {
		t.Error("mixed without vectors")
	}
}

// A release with other vectors mixes by those alone.
func TestTastesAreOfTheReleasesOwnVectors(t *testing.T) {
	items := nodetest.Items(60)
	node := func() *nodetest.Node {
		n := nodetest.New(t, nodetest.Options{})
		n.Put(items...)
		return n
	}
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 5\n    mix: {personas: 3, source: profile.bought, purpose: personalised_offers}\n    diversity: {mmr: 0.5}", 1)
	files := func(kinds int) map[string][]byte {
		f := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules: []\n", plainFeatures, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)})
		f["model/embeddings"] = nodetest.Kinds(t, items, kinds, 2)
		return f
	}
	decide := func(n *nodetest.Node, event string) (ids []string) {
		a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: event, ProfileID: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range a.Items {
			ids = append(ids, fmt.Sprint(it.ID, " ", it.Probability))
		}
		return ids
	}
	know := func(n *nodetest.Node) {
		n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedOffers)
		n.Bought("ann", slices.Concat(times(3, "item-00000"), times(2, "item-00001"), times(1, "item-00002"))...)
	}
	n, fresh := node(), node()
	n.Use(files(5))
	know(n)
	decide(n, "warm")
	n.Use(files(3))
	fresh.Use(files(3))
	know(fresh)
	for i := range 20 {
		event := fmt.Sprint("e", i)
		if a, b := decide(n, event), decide(fresh, event); !slices.Equal(a, b) {
			t.Fatalf("%v on a node that knew other vectors, %v on a fresh one", a, b)
		}
	}
}

// The more of it is asked for, the less like each other the items of a list are; by
// vectors, or without them by category and brand.
func TestDiversityMakesListsLessAlike(t *testing.T) {
	items := nodetest.Items(60)
	for i, it := range items {
		it.Category, it.Brand = fmt.Sprintf("dept/kind%d", i%5), ""
	}
	for _, vectors := range []bool{true, false} {
		var pairs []int
		for _, mmr := range []string{"1", "0.8", "0.4"} {
			n := nodetest.New(t, nodetest.Options{})
			slot := strings.NewReplacer("count: 3", "count: 5\n    diversity: {mmr: "+mmr+"}", "{kind: squarecb, epsilon: 0.2, gamma: 10}", "{kind: squarecb, epsilon: 0.01, gamma: 1000}").Replace(nodetest.Slot)
			files := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules: []\n", plainFeatures, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)})
			if vectors {
				files["model/embeddings"] = nodetest.Kinds(t, items, 5, 2)
			}
			n.Use(files)
			n.Put(items...)
			alike := 0
			for i := range 200 {
				a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i)})
				if err != nil {
					t.Fatal(err)
				}
				for i, x := range a.Items {
					for _, y := range a.Items[:i] {
						if number(x.ID)%5 == number(y.ID)%5 {
							alike++
						}
					}
				}
			}
			pairs = append(pairs, alike)
		}
		t.Logf("vectors %v: of 2,000 pairs %v are alike at λ = 1, 0.8 and 0.4", vectors, pairs)
		if pairs[1] >= pairs[0] || pairs[2] > pairs[1] || pairs[2] > pairs[0]/4 {
			t.Errorf("vectors %v: %v pairs are alike", vectors, pairs)
		}
	}
}
