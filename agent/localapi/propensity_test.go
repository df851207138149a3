package localapi_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// A slot with everything that changes what may stand at a position: caps, a limit,
// brands that stand apart, pins, promoted items, a list mixed over a person's tastes,
// diversity, tiers of campaigns that compete by value for budgets of which there is
// little, none, and holds on goods of which there are few and whose stock moves all
// the time.
const (
	contendedSlot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 100}}
    count: 4
    hold: {ttl: 1s}
    none: {floor: 0.1}
    pins: [{position: 3, item: item-00008}]
    promoted: {share: 0.2, where: {item.category: food/fruit}}
    mix: {personas: 2, source: profile.bought, purpose: personalised_offers}
    diversity: {mmr: 0.7}
    arbitration: {by: value, tiers: true, scale: 0.002}
    policy: {kind: squarecb, epsilon: 0.3, gamma: 8}
    experiment: {id: loop, arms: [{id: a, share: 0.7, policy: learned}, {id: c, share: 0.3, policy: uniform}]}
    reward: {weights: {click: 1}}
`
	contendedRules = `
version: 0
rules:
  - {id: stock, kind: stock}
  - {id: cap, kind: cap, count: 1, window: 24h, per: session}
  - {id: one-brand, kind: limit, count: 1, of: brand}
  - {id: rivals, kind: separate, groups: [[b0], [b1]]}
`
	contendedFeatures = `
version: 0
features:
  - {name: weather, scope: context, kind: hashed, source: context.weather}
  - {name: item, scope: item, kind: hashed, source: item.id}
bits: 10
`
	contendedItems = 12
	contendedKinds = 4 // of items, by their vectors

	// Of the first tier's budgets there is enough for a few answers at a time; the
	// second is for some requests only.
	contendedOffers = `id,kind,target,percent,budget,condition,priority
top,items,item-00001|item-00004|item-00006|item-00009,10,1200,,7
rain,items,item-00002|item-00005|item-00010,5,900,"{""context.weather"": ""rain""}",3
low,items,item-00000|item-00003,15,,,1
`
)

// draws is how many decisions a test makes, and within how many standard errors an
// estimate must be. As many as AISLE_DRAWS says, of the stream that AISLE_SEED names,
// are looked at strictly; the few of every day may be off by more, as kiosks race and
// no two runs are the same.
func draws(t *testing.T) (many int, limit float64) {
	s := os.Getenv("AISLE_DRAWS")
	if s == "" {
		return 8000, 4
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal("AISLE_DRAWS is no number:", err)
	}
	return n, 3
}

// stream is what the ids of events begin with, which everything random hangs on.
func stream() string { return "e" + os.Getenv("AISLE_SEED") + "-" }

// contended decides through the batch endpoint, from several kiosks at once, and
// gives each record that is true to its answer.
func contended(t *testing.T, many int) []*wire.Decision {
	var n *nodetest.Node
	n = nodetest.New(t, nodetest.Options{Now: func() time.Time {
		if n != nil {
			n.Advance(20 * time.Millisecond)
		}
		return time.Time{}
	}})
	items := nodetest.Items(contendedItems)
	for i, it := range items {
		it.Stock, it.Brand, it.Category = 8, fmt.Sprint("b", i%7), []string{"food/fruit", "home", "care"}[i%3]
	}
	files := nodetest.Files(t, nodetest.Slots(contendedSlot), contendedRules, contendedFeatures, map[string]func(*scoring.Linear){"hero": func(l *scoring.Linear) {
		nodetest.Random(11)(l)
		l.Heads[0].Mean[0] = 0.3 // the bias: most items are worth more than none
	}})
	files["model/embeddings"] = nodetest.Kinds(t, items, contendedKinds, 1)
	files["offers.csv"] = []byte(contendedOffers)
	n.Use(files)
	n.Put(items...)
	n.Grant("ann", wire.ProfileBuilding, wire.PersonalisedOffers)
	n.Bought("ann", "item-00000", "item-00000", "item-00004", "item-00001", "item-00005")
	s := &site{n, serve(t, n, localapi.Options{}), t}
	stop := mover(t, n, items)
	var kiosks sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]*decided{}
	for kiosk := range 4 {
		kiosks.Go(func() {
			for from := kiosk * many / 4; from < (kiosk+1)*many/4; from += 50 {
				batch(s, from, min(from+50, (kiosk+1)*many/4), &mu, answers)
			}
		})
	}
	kiosks.Wait()
	stop()
	if reruns := n.Decider.Stats().Reruns; int(reruns) < many/50 {
		t.Fatalf("only %d of %d decisions ran again: nothing contends", reruns, many)
	} else {
		t.Logf("%d decisions, of which %d ran again", len(answers), reruns)
	}
	all, _ := n.Decisions()
	if len(all) != many || len(answers) != many {
		t.Fatalf("%d records and %d answers of %d decisions", len(all), len(answers), many)
	}
	for _, d := range all {
		same(t, d, answers[d.EventId])
	}
	everythingOn(t, all)
	return all
}

// everythingOn tells whether all that the slot has was at work.
func everythingOn(t *testing.T, all []*wire.Decision) {
	t.Helper()
	saw := map[string]int{}
	for _, d := range all {
		budgeted, without := 0, 0
		for k, x := range d.Shown {
			switch {
			case x.Pinned:
				saw["pinned"]++
				continue
			case d.Items[k] == "":
				saw["none"]++
				continue
			case len(x.Mean) > 0:
				saw["diverse"]++
			}
			kinds, tops := map[int]bool{}, 0
			contenders, _ := wire.View[uint32](x.Contenders)
			for _, row := range contenders {
				if i := number(d.Items[row]); d.Items[row] != "" {
					kinds[i%contendedKinds] = true
					tops += len(slices.DeleteFunc([]int{1, 4, 6, 9}, func(top int) bool { return top != i }))
				}
			}
			if len(d.Pseudonym) > 0 && len(kinds) == 1 && len(contenders) > 1 {
				saw["of one taste"]++
			}
			if tops == len(contenders) && tops > 1 {
				saw["of one tier"]++
			}
			for _, a := range x.Applied {
				if saw[a.Offer]++; a.Offer == "top" {
					budgeted++
				}
			}
			if i := number(d.Items[k]); x.Offer == "" && (i == 1 || i == 4 || i == 6 || i == 9) {
				without++
			}
		}
		if without > 0 {
			saw["out of budget"]++
		}
		if budgeted > 0 && without > 0 {
			t.Errorf("%s: one item is shown with an offer and another without it", d.EventId)
		}
		if len(d.Worth) > 0 {
			saw["by value"]++
		}
	}
	t.Log(saw)
	for _, what := range []string{"pinned", "none", "diverse", "of one taste", "of one tier", "top", "rain", "low", "out of budget", "by value"} {
		if saw[what] < len(all)/100 {
			t.Errorf("%s: %d times in %d decisions", what, saw[what], len(all))
		}
	}
}

// batch decides some events, and asks again for those that others came before.
func batch(s *site, from, to int, mu *sync.Mutex, answers map[string]*decided) {
	var left []int
	for i := from; i < to; i++ {
		left = append(left, i)
	}
	for len(left) > 0 {
		var body []string
		for _, i := range left {
			body = append(body, fmt.Sprintf(`{"slot":"hero","eventId":"%s%d","sessionId":"s%d","profileId":"%s","context":{"weather":"%s"}}`,
				stream(), i, i/2, []string{"ann", "", "ann", "bob"}[i%4], []string{"rain", "sun", "sun"}[i%3]))
		}
		var r struct {
			Results []struct {
				Answer  *decided
				Problem *problem
			}
		}
		s.get(&r, http.StatusOK, "POST", "/v1/decide:batch", "["+strings.Join(body, ",")+"]")
		var again []int
		mu.Lock()
		for k, one := range r.Results {
			switch {
			case one.Answer != nil:
				answers[one.Answer.EventID] = one.Answer
			case strings.HasSuffix(one.Problem.Type, "/contended"):
				again = append(again, left[k])
			default:
				s.t.Errorf("refused: %+v", one.Problem)
			}
		}
		mu.Unlock()
		left = again
	}
}

// mover sells goods and brings new ones, whatever is decided meanwhile.
func mover(t *testing.T, n *nodetest.Node, items []*wire.Item) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var moving sync.WaitGroup
	moving.Go(func() {
		r := rand.New(rand.NewPCG(1, 2))
		stock := map[string]int64{}
		for i := 0; ctx.Err() == nil; i++ {
			id := items[r.IntN(len(items))].Id
			delta := int64(8)
			if stock[id] == 0 {
				delta = -8
			}
			stock[id] += delta
			move := &wire.StockMove{Id: fmt.Sprint("m", i), Item: id, Delta: delta}
			seq, err := n.Store.Commit(&wire.Record{Body: &wire.Record_StockMove{StockMove: move}}, nil)
			if err == nil {
				err = n.Store.Sync(t.Context(), seq) // at the pace of a till
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	return func() {
		cancel()
		moving.Wait()
	}
}

// same holds an answer against its record.
func same(t *testing.T, d *wire.Decision, a *decided) {
	shown := d.Shown
	if d.Holdback {
		shown = shown[1:] // none is drawn, and is no item
	}
	if len(a.Items) != len(shown) {
		t.Fatalf("%s: %d items of %d in the record", d.EventId, len(a.Items), len(shown))
	}
	for i, it := range a.Items {
		if it.ID != d.Items[i] || it.Probability != shown[i].Probability {
			t.Fatalf("%s: answered %s with %v, recorded %s with %v", d.EventId, it.ID, it.Probability, d.Items[i], shown[i].Probability)
		}
	}
}

// at is one drawn position: everybody who could have stood there, and how likely, by
// the published form of the policy and not by its code.
type at struct {
	above string
	ids   []string
	p     []float64
	drawn int
}

// positions are those of a decision that were drawn.
func positions(t *testing.T, d *wire.Decision) (list []at) {
	above := "first"
	for k, s := range d.Shown {
		if !s.Pinned {
			list = append(list, position(t, d, k, above))
		}
		above = d.Items[k]
	}
	return list
}

func position(t *testing.T, d *wire.Decision, k int, above string) at {
	s := d.Shown[k]
	contenders, err := wire.View[uint32](s.Contenders)
	if err != nil || len(contenders) != int(s.Feasible) {
		t.Fatalf("%s, position %d: %d of %d contenders", d.EventId, k, len(contenders), s.Feasible)
	}
	means, err := wire.View[float64](d.Mean)
	adjusted, err2 := wire.View[float64](s.Mean)
	if err != nil || err2 != nil || len(adjusted) > 0 && len(adjusted) != len(contenders) {
		t.Fatal(err, err2, len(adjusted))
	}
	if len(adjusted) == 0 {
		for _, row := range contenders {
			adjusted = append(adjusted, means[row])
		}
	}
	x := at{above: above, drawn: -1}
	floor, none := 0.0, -1
	for i, row := range contenders {
		if x.ids = append(x.ids, d.Items[row]); d.Items[row] == d.Items[k] {
			x.drawn = i
		}
		if d.Items[row] == "" {
			floor, none = d.Policy.NoneFloor, i
		}
	}
	n := float64(len(contenders))
	rest := 1.0
	for i := range contenders {
		share := 0.0 // of what exploration leaves: all of a gap's inverse, the best what is left
		if i > 0 && d.Policy.Kind == "squarecb" {
			share = 1 / (n + d.Policy.Gamma*(adjusted[0]-adjusted[i]))
			rest -= share
		}
		x.p = append(x.p, share)
	}
	x.p[0] = rest
	for i := range x.p {
		if x.p[i] = d.Policy.Epsilon/n + (1-d.Policy.Epsilon)*x.p[i]; d.Policy.Kind == "uniform" {
			x.p[i] = 1 / n
		}
		x.p[i] *= 1 - floor
	}
	if none >= 0 {
		x.p[none] += floor
	}
	if x.drawn < 0 || math.Abs(x.p[x.drawn]-s.Probability) > 1e-9 {
		t.Fatalf("%s, position %d: logged with %v, which the policy gives otherwise: %v", d.EventId, k, s.Probability, x)
	}
	return x
}

// Promise 5 through HTTP, with all of contendedSlot at work.
func TestDrawsThroughHTTP(t *testing.T) {
	many, limit := draws(t)
	all := contended(t, many)
	t.Run("ordered pairs", func(t *testing.T) { orderedPairs(t, all) })
	t.Run("known rewards", func(t *testing.T) { knownRewards(t, all, limit) })
}

// orderedPairs: items come as often after each other as the logged conditionals say.
// Of each ordered pair the expected count is the sum of its chances in the decisions
// in which it could come.
func orderedPairs(t *testing.T, all []*wire.Decision) {
	type cell struct{ observed, expected, squares float64 }
	cells := map[[3]string]*cell{}
	worst := 0.0
	for _, d := range all {
		for _, x := range positions(t, d) {
			sum := 0.0
			for i, id := range x.ids {
				key := [3]string{d.Policy.Kind, x.above, id}
				if cells[key] == nil {
					cells[key] = &cell{}
				}
				c := cells[key]
				c.expected, c.squares = c.expected+x.p[i], c.squares+x.p[i]*x.p[i]
				if i == x.drawn {
					c.observed++
				}
				sum += x.p[i]
			}
			worst = max(worst, math.Abs(sum-1))
		}
	}
	chi, freedom, pairs := 0.0, 0.0, 0
	for key, c := range cells {
		if c.expected < 5 {
			continue
		}
		off := (c.observed - c.expected) * (c.observed - c.expected)
		chi, freedom, pairs = chi+off/c.expected, freedom+1-c.squares/c.expected, pairs+1
		if z := off / max(c.expected-c.squares, 1); z > 30 {
			t.Errorf("%v came %.0f times, not %.1f", key, c.observed, c.expected)
		}
	}
	z := (chi - freedom) / math.Sqrt(2*freedom)
	t.Logf("chi-squared %.1f where %.1f is expected (z = %.2f), over %d ordered pairs", chi, freedom, z, pairs)
	if math.Abs(z) > 5 || pairs < 100 || worst > 1e-9 {
		t.Errorf("chi-squared %.1f where %.1f is expected, over %d pairs; probabilities sum to 1 within %v", chi, freedom, pairs, worst)
	}
}

// knownRewards: what a policy that never ran would earn comes out of the log at its
// known worth, weighed by the product of the logged conditionals.
func knownRewards(t *testing.T, all []*wire.Decision, limit float64) {
	worth := func(id string, k int) float64 {
		if id == "" {
			return 0.5
		}
		return float64(id[len(id)-1]-'0'+1) / float64(k+1)
	}
	policies := map[string]func(ids []string) []float64{
		"uniform": func(ids []string) []float64 { return slices.Repeat([]float64{1 / float64(len(ids))}, len(ids)) },
		"the last": func(ids []string) []float64 {
			p := make([]float64, len(ids))
			p[slices.Index(ids, slices.Max(ids))] = 1
			return p
		},
	}
	for name, policy := range policies {
		var n, off, squares, shown, known float64
		for _, d := range all {
			weight, estimate, truth := 1.0, 0.0, 0.0
			for k, x := range positions(t, d) {
				target := policy(x.ids)
				for i, id := range x.ids {
					truth += weight * target[i] * worth(id, k)
				}
				weight *= target[x.drawn] / x.p[x.drawn]
				estimate += weight * worth(x.ids[x.drawn], k)
				shown += worth(x.ids[x.drawn], k)
			}
			n, off, squares, known = n+1, off+estimate-truth, squares+(estimate-truth)*(estimate-truth), known+truth
		}
		mean, deviation := off/n, math.Sqrt(squares)/n
		t.Logf("%s: %.4f known, off by %.4f ± %.4f; what was shown earned %.4f", name, known/n, mean, deviation, shown/n)
		if math.Abs(mean) > limit*deviation || deviation > 0.2 {
			t.Errorf("%s is valued %.4f ± %.4f off its known reward", name, mean, deviation)
		}
	}
}
