package fairness_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// counted is one side as the oracle counts it.
type counted struct {
	decisions, shown, broken int
	exposure, due            float64
	depths                   []float64
	persons                  map[string]bool
}

// open is a window of a group in a slot: of the group, of the rest, of the unknown.
type open struct {
	from int64
	side [3]counted
}

// oracle counts groups from records, and from what the test knows of persons: which of
// them like sweets. It keeps all of the log, and shares no code with what counts.
type oracle struct {
	items   []*wire.Item
	likes   map[string]string // by pseudonym; "" says nothing
	windows map[string]*open  // by slot and group
	seen    map[string]*wire.Decision
	waits   map[string]bool
	broken  map[string]bool // by decision and position
	over    map[string]open // of which nothing was told yet
	told    int
	few     int
	wrong   []string
}

const (
	hour   = int64(time.Hour / time.Millisecond)
	tooFew = 20 // below it, decisions or persons
)

func (o *oracle) take(r *wire.Record) {
	switch b := r.Body.(type) {
	case *wire.Record_Item:
		if i := slices.IndexFunc(o.items, func(x *wire.Item) bool { return x.Id == b.Item.Id }); i >= 0 {
			o.items[i] = b.Item
		} else {
			o.items = append(o.items, b.Item)
		}
	case *wire.Record_Decision:
		d := b.Decision
		for _, group := range []string{"local", "sweet"} {
			w := o.window(d.Slot, group)
			if w.from == 0 {
				w.from = r.AtMs
			} else if k := d.Slot + " " + group; r.AtMs >= w.from+hour {
				o.over[k], *w = *w, open{from: r.AtMs}
			} else if before, ok := o.over[k]; ok {
				o.untold(k, before)
			}
		}
		o.seen[string(d.Id)] = d
		if d.Deferred {
			o.waits[string(d.Id)] = true
			return
		}
		o.count(d)
	case *wire.Record_Activation:
		if id := string(b.Activation.Decision); o.waits[id] {
			delete(o.waits, id)
			o.count(o.seen[id])
		}
	case *wire.Record_Outcome:
		o.outcome(b.Outcome)
	case *wire.Record_Fairness:
		o.judge(b.Fairness)
	}
}

func (o *oracle) window(slot, group string) *open {
	k := slot + " " + group
	if o.windows[k] == nil {
		o.windows[k] = &open{}
	}
	return o.windows[k]
}

func (o *oracle) item(id string) *wire.Item {
	i := slices.IndexFunc(o.items, func(x *wire.Item) bool { return x.Id == id })
	if i < 0 {
		return &wire.Item{}
	}
	return o.items[i]
}

func (o *oracle) sideOfItem(id string) int {
	if o.item(id).Attributes["supplier"] == "local" {
		return 0
	}
	return 1
}

// sideOfCustomer goes by what the record says was withheld.
func (o *oracle) sideOfCustomer(d *wire.Decision) int {
	withheld := slices.ContainsFunc(d.Withheld, func(w *wire.Withheld) bool { return w.Field == "taste" })
	switch likes := o.likes[string(d.Pseudonym)]; {
	case withheld || len(d.Pseudonym) == 0 || likes == "":
		return 2
	case likes == "sweet":
		return 0
	}
	return 1
}

func (o *oracle) count(d *wire.Decision) {
	allowed := [2]float64{}
	for i := range int(d.Candidates) {
		id := ""
		if len(d.Actions) > 0 && i < len(d.Actions) {
			id = d.Actions[i]
		} else if len(d.Actions) == 0 && i < len(o.items) {
			id = o.items[i].Id
		}
		if id != "" && d.Allowed[i/8]>>(i%8)&1 == 1 {
			allowed[o.sideOfItem(id)]++
		}
	}
	var exposure [2]float64
	var depths [2][]float64
	w := o.window(d.Slot, "local")
	who := &o.window(d.Slot, "sweet").side[o.sideOfCustomer(d)]
	for i, x := range d.Shown {
		if d.Holdback {
			break
		}
		in := o.sideOfItem(d.Items[i])
		exposure[in] += 1 / math.Log2(float64(i+2))
		w.side[in].shown++
		who.shown++
		if x.Price != nil {
			regular := o.item(d.Items[i]).Price.Amount
			depths[in] = append(depths[in], float64(regular-x.Price.Amount)/float64(regular))
		}
	}
	all := exposure[0] + exposure[1]
	for in := range 2 {
		if len(depths[in]) > 0 {
			w.side[in].depths = append(w.side[in].depths, mean(depths[in]))
		}
		if allowed[0] > 0 && allowed[1] > 0 && all > 0 {
			w.side[in].decisions++
			w.side[in].exposure += exposure[in]
			w.side[in].due += all * allowed[in] / (allowed[0] + allowed[1])
		}
	}
	who.decisions++
	if both := append(depths[0], depths[1]...); len(both) > 0 {
		who.depths = append(who.depths, mean(both))
	}
	if who.persons == nil {
		who.persons = map[string]bool{}
	}
	who.persons[string(slices.Concat(d.Pseudonym, d.Session))] = true
	if len(d.Pseudonym) == 0 && len(d.Session) == 0 {
		who.persons[string(d.Id)] = true
	}
}

func mean(all []float64) float64 {
	sum := 0.0
	for _, x := range all {
		sum += x
	}
	return sum / float64(max(1, len(all)))
}

func (o *oracle) outcome(u *wire.Outcome) {
	d := o.seen[string(u.Decision)]
	if u.Type != wire.OutcomeType_OUTCOME_NOT_FOUND && u.Type != wire.OutcomeType_OUTCOME_SUBSTITUTED || d == nil || o.waits[string(u.Decision)] || d.Holdback {
		return
	}
	i := slices.Index(d.Items[:len(d.Shown)], u.Item)
	if k := fmt.Sprint(string(d.Id), i); i >= 0 && !o.broken[k] {
		o.broken[k] = true
		o.window(d.Slot, "local").side[o.sideOfItem(u.Item)].broken++
		o.window(d.Slot, "sweet").side[o.sideOfCustomer(d)].broken++
	}
}

// enough tells whether a side may be told of.
func (c *counted) enough(group string) bool {
	if group == "sweet" {
		return len(c.persons) >= tooFew
	}
	return c.decisions >= tooFew
}

// untold is called where a decision follows that did not end a window.
func (o *oracle) untold(k string, w open) {
	_, group, _ := strings.Cut(k, " ")
	if w.side[0].enough(group) && w.side[1].enough(group) {
		o.wrong = append(o.wrong, "nothing is told of "+k)
	}
	delete(o.over, k)
}

// judge compares what was told of a window that is over.
func (o *oracle) judge(f *wire.Fairness) {
	k := f.Slot + " " + f.Group
	w, ok := o.over[k]
	delete(o.over, k)
	told := []*wire.Side{f.GroupSide, f.Rest, f.Unknown}
	enough := w.side[0].enough(f.Group) && w.side[1].enough(f.Group)
	for in, got := range told {
		want := &w.side[in]
		switch may := enough && want.enough(f.Group) && (in < 2 || f.Group == "sweet"); {
		case !ok || f.FromMs != w.from || f.UntilMs != w.from+hour:
			o.wrong = append(o.wrong, fmt.Sprintf("%s: a window that none is: %v", k, f))
		case (got != nil) != may:
			o.wrong = append(o.wrong, fmt.Sprintf("%s, side %d: told %v of %d decisions, %d persons", k, in, got, want.decisions, len(want.persons)))
		case got != nil && !want.is(got):
			o.wrong = append(o.wrong, fmt.Sprintf("%s, side %d: told %v; want %d decisions, %d shown, %d broken, exposure %v of %v, depth %v",
				k, in, got, want.decisions, want.shown, want.broken, want.exposure, want.due, mean(want.depths)))
		}
	}
	if enough {
		o.told++
	} else {
		o.few++
	}
}

func (c *counted) is(s *wire.Side) bool {
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6*max(1, math.Abs(b)) }
	return int(s.Decisions) == c.decisions && int(s.Shown) == c.shown && int(s.Broken) == c.broken &&
		near(s.Exposure, c.exposure) && near(s.Due, c.due) && near(s.Depth, mean(c.depths))
}

// TestGroupsAreCountedFromRecords: over random decisions, consents and outcomes, what
// is told of groups is what their records say, and nothing of who is too few.
func TestGroupsAreCountedFromRecords(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	const rest = `
    policy: {kind: squarecb, epsilon: 0.3, gamma: 10}
    none: {floor: 0.05}
    reward: {weights: {click: 1}}
`
	slots := nodetest.Slots("\n  - id: hero\n    kind: offer\n    source: {catalogue: {limit: 10000}}\n    count: 3" + rest +
		"\n  - id: given\n    kind: offer\n    source: {actions: true}\n    count: 2" + rest)
	rules := `version: 0
rules:
  - {id: stock, kind: stock}
  - {id: one, kind: limit, count: 1, of: brand}
  - {id: wet, kind: exclude, where: {item.attr.supplier: local}, when: {context.weather: rain}}
fairness:
  - {id: local, items: {item.attr.supplier: local}, least: 20, window: 1h}
  - {id: sweet, customers: {profile.taste: sweet}, least: 20, window: 1h}
`
	files := nodetest.Files(t, slots, rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)})
	files["offers.csv"] = []byte("id,kind,target,percent,condition\nall,brand,brand1,10,\nsweet,brand,brand2,30,\"{\"\"profile.taste\"\": \"\"sweet\"\"}\"\n")
	n.Use(files)
	items := nodetest.Items(40)
	for i, it := range items {
		it.Attributes = map[string]string{"supplier": []string{"local", "far", ""}[i%3]}
		it.Stock = int64(i % 9)
	}
	n.Put(items...)

	r := rand.New(rand.NewPCG(1, 2))
	o := &oracle{likes: map[string]string{}, windows: map[string]*open{}, over: map[string]open{}, seen: map[string]*wire.Decision{}, waits: map[string]bool{}, broken: map[string]bool{}}
	const people = 90
	for i := range people {
		who := fmt.Sprint("p", i)
		n.Grant(who, wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent, wire.Measurement)
		if likes := []string{"sweet", "sour", ""}[i%3]; likes != "" {
			n.Know(who, "taste", likes)
			pseudonym := nodetest.Person(who)
			o.likes[string(pseudonym[:])] = likes
		}
		if i%7 == 4 { // they have said it, and withhold it
			n.Grant(who, wire.PersonalisedContent, wire.Measurement)
		}
	}
	ctx := context.Background()
	var answers []*ranking.Answer
	read := n.Log.First()
	check := func() { // with the records so far
		for ; read <= n.Log.Last(); read++ {
			rec, err := n.Store.Record(read)
			if err != nil {
				t.Fatal(err)
			}
			o.take(rec)
		}
	}
	for i := range 2400 {
		if i%300 == 299 {
			n.Advance(time.Duration(45+r.IntN(60)) * time.Minute)
			n.Put(items...) // counted anew, so that what was not found is back
		}
		q := &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), DeferActivation: r.IntN(5) == 0}
		if r.IntN(3) == 0 {
			q.Slot = "given"
			for k := range 6 {
				q.Actions = append(q.Actions, ranking.Action{ID: items[(i+7*k)%len(items)].Id})
			}
			q.Actions = append(q.Actions, ranking.Action{ID: "of nobody"})
		}
		few := people
		if i >= 600 && i < 1200 {
			few = 30 // of whom 10 like sweets
		}
		switch k := r.IntN(few + 10); {
		case k < few:
			q.ProfileID = fmt.Sprint("p", k)
		case k < few+5:
			q.SessionID = fmt.Sprint("s", k)
		}
		if r.IntN(8) == 0 {
			q.Consent.GPC = true
		}
		weather := []string{"rain", "sun", "sun", "sun"}[r.IntN(4)]
		q.Context = features.Values{{Name: "weather", Kind: features.Text, Text: weather}}
		a, err := n.Decider.Decide(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
		check()
		if q.DeferActivation && r.IntN(2) == 0 {
			if err := n.Decider.Activate(ctx, a.EventID); err != nil {
				t.Fatal(err)
			}
		}
		if before := answers[r.IntN(len(answers))]; r.IntN(4) == 0 && len(before.Items) > 0 {
			told := attribution.Outcome{ // of any window
				ID: fmt.Sprint("o", i), EventID: before.EventID, ItemID: before.Items[r.IntN(len(before.Items))].ID,
				Type: []string{"not_found", "substituted", "click"}[r.IntN(3)], Quantity: 1}
			if _, err := n.Decider.Tell(ctx, []attribution.Outcome{told}); err != nil {
				t.Fatal(err)
			}
		}
		check()
	}
	if len(o.wrong) > 0 {
		t.Fatal(strings.Join(o.wrong[:min(len(o.wrong), 10)], "\n"))
	}
	if t.Logf("%d windows told, %d of few", o.told, o.few); o.told < 10 || o.few == 0 {
		t.Errorf("only %d windows were told of, and %d of few", o.told, o.few)
	}
}
