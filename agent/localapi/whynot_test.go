package localapi_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

type whyNot struct {
	Verdict, Text  string
	Position, Rank int
	Holdback       bool
	Probabilities  []*float64
	Rules          []struct {
		Rule, Kind, Text    string
		First, Sure, Likely bool
	}
	Kept    []kept
	Unknown []string
}

type kept struct {
	Position             int
	By, Rule, Kind, Text string
	Beside               []string
	Sure                 bool
}

func (w *whyNot) first() string {
	for _, r := range w.Rules {
		if r.First {
			return r.Rule
		}
		if r.Likely {
			return "likely " + r.Rule
		}
	}
	return ""
}

const whyRules = `
version: 0
rules:
  - {id: in-stock, kind: stock, safety: 2}
  - {id: live, kind: active}
  - {id: margin, kind: margin, floor: 0.3}
  - {id: no-acme, kind: exclude, brands: [acme]}
  - {id: bought, kind: suppress, outcomes: [purchase], window: 24h}
  - {id: frozen-heat, kind: exclude, where: {item.category: frozen}, when: {context.weather: {$ne: cold}}}
`

// TestWhyNot asks after an item that each thing in turn was done to: the answer names
// it, and no other as the first.
func TestWhyNot(t *testing.T) {
	s := newSite(t, localapi.Options{})
	one := func(id string, change func(*wire.Item)) {
		s.Put(nodetest.Item(id, func(it *wire.Item) { it.Category = "odd"; change(it) }))
	}
	one("hidden", func(it *wire.Item) { it.Status = "hidden"; it.Brand = "acme" })
	one("dear", func(it *wire.Item) { it.Cost = 900 })
	one("acme", func(it *wire.Item) { it.Brand = "acme" })
	one("few", func(it *wire.Item) { it.Stock = 2 })
	one("gone", func(it *wire.Item) { it.Status = "discontinued" })
	one("elsewhere", func(it *wire.Item) { it.Category = "other" })
	one("ice", func(it *wire.Item) { it.Category = "frozen" })
	for i := range 30 {
		one(fmt.Sprint("fine", i), func(it *wire.Item) { it.Price.Amount += int64(i) })
	}
	source := strings.Replace(slots, "{catalogue: {limit: 1000}}", "{catalogue: {categories: [odd, frozen], limit: 1000}}", 1)
	s.Use(nodetest.Files(t, nodetest.Slots(source), whyRules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	s.get(nil, 202, "POST", "/v1/outcomes", `[{"id":"o","sessionId":"s","itemId":"fine0","type":"purchase"}]`)
	var a decided
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"e","sessionId":"s","context":{"weather":"hot"},"excludedActions":["fine1"]}`)
	why := func(item string) (w whyNot) {
		t.Helper()
		s.get(&w, 200, "GET", "/v1/decisions/e/why-not/"+item, "")
		if strings.Contains(w.Text, "hot") {
			t.Errorf("%s tells what the request said: %s", item, w.Text)
		}
		return w
	}
	for item, want := range map[string]struct{ verdict, first, text string }{
		"hidden":    {"removed", "live", "status is hidden"},
		"dear":      {"removed", "margin", "10.0 % of the net price; the rule asks for 30.0 %"},
		"acme":      {"removed", "no-acme", "excludes"},
		"few":       {"removed", "likely in-stock", "2 can be promised"},
		"fine0":     {"removed", "likely bought", "purchase came within 24h"},
		"gone":      {"not_candidate", "", "discontinued"},
		"elsewhere": {"not_candidate", "", "categories"},
		"nowhere":   {"not_candidate", "", "no such item"},
	} {
		w := why(item)
		if w.Verdict != want.verdict || w.first() != want.first || !strings.Contains(w.Text, want.text) {
			t.Errorf("%s: %+v, want %+v", item, w, want)
		}
	}
	// The second rule against it is told too, and no rule that does not stand against it.
	if w := why("hidden"); len(w.Rules) != 2 || w.Rules[1].Rule != "no-acme" || w.Rules[1].First || !w.Rules[1].Sure {
		t.Errorf("hidden: %+v", w.Rules)
	}
	// What depends on what was said is not claimed.
	for item, rule := range map[string]string{"ice": "frozen-heat", "fine1": "excluded"} {
		w := why(item)
		i := slices.IndexFunc(w.Rules, func(r struct {
			Rule, Kind, Text    string
			First, Sure, Likely bool
		}) bool {
			return r.Rule == rule
		})
		if w.Verdict != "removed" || i < 0 || w.Rules[i].Sure || w.first() == rule || len(w.Unknown) == 0 {
			t.Errorf("%s: %+v", item, w)
		}
	}
	for i, it := range a.Items {
		w := why(it.ID)
		if w.Verdict != "shown" || w.Position != i+1 || len(w.Probabilities) != i+1 || *w.Probabilities[i] != it.Probability {
			t.Errorf("%s: %+v", it.ID, w)
		}
	}
	s.chancesSumUp(a)
	// A stock movement later changes what can be promised now, and not who removed it.
	s.Move("m", "few", 50)
	if w := why("few"); w.first() != "" || w.Rules[0].Rule != "in-stock" || w.Rules[0].Sure {
		t.Errorf("few, restocked: %+v", w)
	}
	// Once items change, only the record tells.
	one("fine2", func(it *wire.Item) { it.Title = "other" })
	if w := why("dear"); w.Verdict != "unknown" || w.first() != "" || len(w.Unknown) == 0 {
		t.Errorf("after a change: %+v", w)
	}
	if w := why(a.Items[0].ID); w.Verdict != "shown" {
		t.Errorf("after a change: %+v", w)
	}
	s.Use(nodetest.Files(t, nodetest.Slots(source), rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	if w := why("acme"); w.Verdict != "unknown" || len(w.Rules) == 0 || w.first() != "" {
		t.Errorf("after another release: %+v", w)
	}
	if w := s.ask("GET", "/v1/decisions/never/why-not/x", ""); w.Code != 404 {
		t.Errorf("an unknown event answers %d", w.Code)
	}
}

// chancesSumUp adds up what is told of every item at each position: one, less what
// stands above.
func (s *site) chancesSumUp(a decided) {
	s.t.Helper()
	sums := make([]float64, len(a.Items))
	for i := range 30 {
		var w whyNot
		s.get(&w, 200, "GET", fmt.Sprint("/v1/decisions/e/why-not/fine", i), "")
		for at, p := range w.Probabilities {
			sums[at] += *p
		}
	}
	for at, sum := range sums {
		if math.Abs(sum-1) > 1e-9 {
			s.t.Errorf("at position %d all that was feasible sums to %v", at+1, sum)
		}
	}
}

// TestWhyNotOfGivenActions tells candidates that the caller gave by the record, also
// after the catalogue changed.
func TestWhyNotOfGivenActions(t *testing.T) {
	s := newSite(t, localapi.Options{})
	s.get(nil, 201, "POST", personalizer+"/rank", `{"eventId":"r",`+actions(4, "a3")[1:])
	s.Put(nodetest.Item("new", nil))
	var w whyNot
	if s.get(&w, 200, "GET", "/v1/decisions/r/why-not/a3", ""); w.Verdict != "removed" || w.first() != "excluded" {
		t.Errorf("%+v", w)
	}
	if w = (whyNot{}); true {
		s.get(&w, 200, "GET", "/v1/decisions/r/why-not/a9", "")
	}
	if w.Verdict != "not_candidate" {
		t.Errorf("%+v", w)
	}
}

// TestWhyNotBesideOthers: of an item that was allowed, each position that it could not
// have is told with the rule and what stands, and none that it could have had. The
// oracle knows the brands and reads the answers.
func TestWhyNotBesideOthers(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	s := &site{n, serve(t, n, localapi.Options{}), t}
	slot := strings.NewReplacer("count: 3", "count: 3\n    pins: [{position: 2, item: p9}]").Replace(nodetest.Slot)
	book := `
version: 0
rules:
  - {id: one-brand, kind: limit, count: 1, of: brand}
  - {id: rivals, kind: separate, groups: [[b1], [b9]]}
  - {id: wet, kind: limit, count: 1, of: category, where: {item.brand: {$in: [b4, b5]}}, when: {context.weather: rain}}
`
	n.Use(nodetest.Files(t, nodetest.Slots(strings.Replace(slot, "    rules: []\n", "", 1)), book, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	ids := []string{"a1", "b1", "c2", "d2", "e3", "f4", "g5", "p9"} // the digit is the brand
	for _, id := range ids {
		n.Put(nodetest.Item(id, func(it *wire.Item) { it.Brand, it.Category = "b"+id[1:], "all" }))
	}
	seen := map[string]int{}
	for e := range 60 {
		var a decided
		weather := []string{"rain", "sun"}[e%2]
		s.get(&a, 200, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":"e%d","context":{"weather":%q}}`, e, weather))
		if len(a.Items) != 3 || a.Items[1].ID != "p9" {
			t.Fatalf("%+v", a.Items)
		}
		first, last := a.Items[0].ID, a.Items[2].ID
		for _, id := range ids {
			var w whyNot
			s.get(&w, 200, "GET", fmt.Sprintf("/v1/decisions/e%d/why-not/%s", e, id), "")
			want := map[int]string{2: "pin "}
			switch wet := weather == "rain" && (id == "f4" && first == "g5" || id == "g5" && first == "f4"); {
			case id == "p9", id == first:
				want = map[int]string{}
			case id[1] == '1':
				want = map[int]string{1: "rule rivals", 2: "pin ", 3: "rule rivals"}
			case id[1] == first[1]:
				want[3] = "rule one-brand"
			case wet:
				want[3] = "rule wet"
			}
			got := map[int]string{}
			for _, k := range w.Kept {
				got[k.Position] += k.By + " " + k.Rule
				seen[k.Rule]++
				beside := map[string]string{"rivals": "p9", "one-brand": first, "wet": first, "": "p9"}[k.Rule]
				if !k.Sure || !slices.Equal(k.Beside, []string{beside}) || !strings.Contains(k.Text, beside) {
					t.Errorf("event %d, %s after %s: %+v", e, id, first, k)
				}
			}
			if !maps.Equal(got, want) {
				t.Fatalf("event %d in %s, %s beside %s and %s: kept from %v, want %v; %+v", e, weather, id, first, last, got, want, w)
			}
			if id[1] == '1' && (w.Verdict != "not_drawn" || w.Text != "it could be shown, but not beside p9 in this answer: the rule keeps them apart (rule rivals)") {
				t.Errorf("%s: %s %q", id, w.Verdict, w.Text)
			}
			var de whyNot
			s.get(&de, 200, "GET", fmt.Sprintf("/v1/decisions/e%d/why-not/%s?language=de-AT", e, id), "")
			for i, k := range de.Kept {
				start := map[string]string{"pin": "Platz 2 ist fest mit p9 belegt", "rule": "es dürfte gezeigt werden, aber in dieser Antwort nicht neben " + w.Kept[min(i, len(w.Kept)-1)].Beside[0] + ": "}[k.By]
				if len(de.Kept) != len(w.Kept) || !strings.HasPrefix(k.Text, start) || k.Rule == "rivals" && !strings.HasSuffix(k.Text, ": ein Wettbewerber steht schon in der Antwort") {
					t.Errorf("%s in German: %+v", id, k)
				}
			}
			if want[3] == "rule one-brand" && !strings.HasPrefix(de.Text, "es hätte gezeigt werden dürfen; andere wurden gezogen; ab Platz 3: es dürfte gezeigt werden, aber in dieser Antwort nicht neben "+first) {
				t.Errorf("%s in German: %q", id, de.Text)
			}
			if want[3] == "rule one-brand" && !strings.Contains(w.Text, "; from position 3 on it could be shown, but not beside "+first) {
				t.Errorf("%s: %q", id, w.Text)
			}
			for k, p := range w.Probabilities {
				if p == nil || (*p == 0) != (want[k+1] != "" || id == "p9" && k == 0) {
					t.Errorf("event %d: %s has chance %v at position %d, kept from %v", e, id, p, k+1, want)
				}
			}
		}
	}
	if seen["rivals"] == 0 || seen["one-brand"] == 0 || seen["wet"] == 0 {
		t.Errorf("told are %v", seen)
	}
}

// TestWhyNotOfAHousehold: what a household has seen is remembered, so a cap over it is
// told for sure while it is, and not once one of them took their consent back.
func TestWhyNotOfAHousehold(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	s := &site{n, serve(t, n, localapi.Options{}), t}
	fields := strings.Replace(nodetest.Features, "features:\n", "features:\n  - {name: home, scope: context, kind: hashed, source: profile.household, purpose: personalised_content}\n", 1)
	book := "version: 0\nrules:\n  - {id: home, kind: cap, count: 1, window: 24h, per: household}\n  - {id: mine, kind: cap, count: 1, window: 24h, per: person}\n"
	n.Use(nodetest.Files(t, nodetest.Slots(strings.Replace(nodetest.Slot, "count: 3", "count: 1", 1)[:strings.Index(nodetest.Slot, "    rules")]), book, fields, nil))
	n.Put(nodetest.Items(6)...)
	for _, who := range []string{"mum", "dad"} {
		n.Grant(who, wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent)
		n.Know(who, "household", "h7")
	}
	shown := map[string]string{}
	for _, who := range []string{"mum", "dad", "mum", "dad"} {
		var a decided
		event := fmt.Sprint(who, len(shown))
		s.get(&a, 200, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":%q,"profileId":%q}`, event, who))
		shown[event] = a.Items[0].ID
	}
	why := func(event, item string) (w whyNot) {
		t.Helper()
		s.get(&w, 200, "GET", "/v1/decisions/"+event+"/why-not/"+item, "")
		return w
	}
	for event, item := range map[string]string{"dad1": shown["mum0"], "mum2": shown["dad1"], "dad3": shown["dad1"]} {
		if w := why(event, item); w.Verdict != "removed" || w.first() != "home" || !w.Rules[0].Sure || len(w.Unknown) > 0 {
			t.Errorf("%s: %+v", event, w)
		}
	}
	if w := why("mum0", shown["dad1"]); w.Verdict != "not_drawn" || len(w.Rules) > 0 {
		t.Errorf("before any was shown: %+v", w)
	}
	n.Grant("mum")
	if w := why("dad3", shown["mum0"]); w.Verdict != "removed" || len(w.Rules) > 0 && w.Rules[0].Sure && w.Rules[0].First {
		t.Errorf("forgotten: %+v", w)
	}
}
