package rulebook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

var rewrite = flag.Bool("rewrite", false, "write the checked-in schemas anew")

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func files(t testing.TB) rulebook.Files {
	return rulebook.Files{
		Slots: read(t, "slots.yaml"), Rules: read(t, "rules.yaml"), Features: read(t, "features.yaml"),
		Purpose: func(s string) bool { return s == "personalised_offers" },
	}
}

func TestParse(t *testing.T) {
	got, err := rulebook.Parse(files(t))
	if err != nil {
		t.Fatal(err)
	}
	want := &rulebook.Rulebook{
		Salt:   rulebook.Salt{0x3f, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee},
		Regime: rulebook.OptOut, Lease: 24 * time.Hour,
		Consent: rulebook.Consent{Vendor: 77, MaxAge: 4380 * time.Hour, Sections: []int{7, 8}}, MaxOffline: 720 * time.Hour, FrameShare: 0.05,
		Slots: []rulebook.Slot{{
			ID: "home_hero", Kind: rulebook.Offer,
			Source: rulebook.Source{Catalogue: &rulebook.Catalogue{Categories: []string{"a/b", "c"}, Brands: []string{"x"}, Limit: 500}},
			Count:  3, Required: 2, None: &rulebook.None{Floor: 0.05}, Hold: &rulebook.Hold{TTL: 10 * time.Minute, Quantity: 1},
			Model: "hero", Policy: rulebook.Policy{Kind: explore.Softmax, Epsilon: 0.01, Temperature: 0.3}, Mode: rulebook.Apprentice,
			Experiment: &rulebook.Experiment{ID: "loop", Seed: "loop-1", Unit: rulebook.ByProfile, Arms: []rulebook.Arm{
				{ID: "learned", Share: 0.8, Policy: rulebook.Learned}, {ID: "fixed", Share: 0.1, Policy: rulebook.Fixed},
				{ID: "random", Share: 0.1, Policy: rulebook.Uniform}}},
			Reward: rulebook.Reward{Weights: map[string]float64{"click": 0.1, "purchase": 1, "dismiss": -0.5}, Range: [2]float64{-1, 2},
				Wait: 45 * time.Minute, Default: 0.01, Aggregation: rulebook.Earliest},
			Attribution: rulebook.Attribution{Window: 90 * time.Second, By: []rulebook.Joint{rulebook.JoinSession, rulebook.JoinBasket}},
			Baseline:    rulebook.ByMargin, Rules: []string{"cap-day", "in-stock"},
		}, {
			ID: "till", Kind: rulebook.Content, Source: rulebook.Source{Items: []string{"04006381333931", "plu 4011"}},
			Count: 1, Required: 1, Model: "till", Policy: rulebook.Policy{Kind: explore.SquareCB, Epsilon: 0.1, Gamma: 50}, Mode: rulebook.Online,
			Reward:      rulebook.Reward{NetMargin: &rulebook.NetMargin{Scale: 0.01}, Range: [2]float64{0, 1}, Wait: 30 * time.Minute, Aggregation: rulebook.Sum},
			Attribution: rulebook.Attribution{Window: 2 * time.Hour, By: []rulebook.Joint{rulebook.JoinBasket, rulebook.JoinSession, rulebook.JoinProfile}},
			Baseline:    rulebook.Ranking, Rules: []string{"in-stock", "live", "margin", "no-tobacco", "cap-day", "dismissed"},
		}},
		Zone: "UTC",
		Rules: []rulebook.Rule{
			{ID: "in-stock", Kind: rulebook.Stock, Safety: 2},
			{ID: "live", Kind: rulebook.Active},
			{ID: "margin", Kind: rulebook.Margin, Floor: 0.05},
			{ID: "no-tobacco", Kind: rulebook.Exclude, Categories: []string{"tobacco"}, Brands: []string{"b"}, Items: []string{"i"}},
			{ID: "cap-day", Kind: rulebook.Cap, Count: 3, Window: 24 * time.Hour, Per: rulebook.Session, Of: rulebook.OfItem},
			{ID: "dismissed", Kind: rulebook.Suppress, Outcomes: []string{"dismiss", "purchase"}, Window: 168 * time.Hour, Of: rulebook.OfItem},
		},
		Features: []rulebook.Feature{
			{Name: "weather", Scope: rulebook.ContextScope, Kind: rulebook.Hashed, Source: "context.weather", Owner: "data@x", TTL: time.Hour, Transform: rulebook.Plain, Scale: 1},
			{Name: "hour", Scope: rulebook.ContextScope, Kind: rulebook.Dense, Source: "time.hour", Transform: rulebook.Plain, Scale: 0.04, Offset: -0.5},
			{Name: "taste", Scope: rulebook.ContextScope, Kind: rulebook.Hashed, Source: "profile.taste", Purpose: "personalised_offers", Transform: rulebook.Plain, Scale: 1},
			{Name: "price", Scope: rulebook.ItemScope, Kind: rulebook.Dense, Source: "item.price", Transform: rulebook.Log1p, Scale: 1},
			{Name: "category", Scope: rulebook.ItemScope, Kind: rulebook.Hashed, Source: "item.category", Transform: rulebook.Plain, Scale: 1},
			{Name: "colour", Scope: rulebook.ItemScope, Kind: rulebook.Hashed, Source: "item.attr.colour", Transform: rulebook.Plain, Scale: 1},
			{Name: "score1", Scope: rulebook.ItemScope, Kind: rulebook.Dense, Source: "action.score1", Transform: rulebook.Plain, Scale: 1},
		},
		Crosses: []rulebook.Cross{{"weather", "category"}, {"category", "colour"}}, Bits: 18, Hash: rulebook.VW,
		Digest: files(t).Digest(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Slot("till") != &got.Slots[1] || got.Slot("none") != nil {
		t.Error("Slot finds another slot")
	}
}

// What is not written has a value all the same.
func TestDefaults(t *testing.T) {
	f := files(t)
	f.Slots = []byte("version: 0\nsalt: " + strings.Repeat("0f", 32) + "\nslots: [{id: a, kind: offer, reward: {weights: {click: 1}}}]")
	f.Features = []byte("version: 0\nfeatures: []\n")
	got, err := rulebook.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	s := got.Slots[0]
	if c := got.Consent; c.Vendor != 0 || c.MaxAge != 395*24*time.Hour || !c.GPCDeniesOffers || c.Sections != nil {
		t.Errorf("by default %+v", c)
	}
	if got.Regime != rulebook.OptIn || got.Lease != 7*24*time.Hour || got.MaxOffline != 30*24*time.Hour || got.FrameShare != 0.01 ||
		got.Bits != 16 || got.Hash != rulebook.XX64 || s.Source.Catalogue == nil || s.Source.Catalogue.Limit != 1000 || s.None != nil || s.Hold != nil {
		t.Errorf("%+v", got)
	}
}

// An action that says no more waits for the staff, once its item is shown.
func TestActionDefaults(t *testing.T) {
	f := files(t)
	f.Slots = []byte("version: 0\nsalt: " + strings.Repeat("0f", 32) + `
slots:
  - id: a
    kind: offer
    reward: {weights: {click: 1}}
    quote: {ttl: 15m}
    actions: [{function: stock_room, kind: pick, ttl: 30m}, {function: service, kind: assist, ttl: 5m, when: click, approval: none}]
    rules: []
`)
	got, err := rulebook.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	want := []rulebook.Action{
		{Function: rulebook.StockRoom, Kind: "pick", When: rulebook.Shown, Approval: rulebook.Staff, TTL: 30 * time.Minute},
		{Function: rulebook.Service, Kind: "assist", When: "click", Approval: rulebook.Nothing, TTL: 5 * time.Minute},
	}
	if s := got.Slots[0]; cmp.Diff(want, s.Actions) != "" || s.Quote.TTL != 15*time.Minute {
		t.Errorf("%+v, %+v", s.Actions, s.Quote)
	}
}

// Arms draw by what they name, and units fall into all of them.
func TestArms(t *testing.T) {
	r, err := rulebook.Parse(files(t))
	if err != nil {
		t.Fatal(err)
	}
	s, seen := &r.Slots[0], map[string]bool{}
	for i := range 200 {
		seen[s.Experiment.Arm(strconv.Itoa(i)).ID] = true
	}
	if len(seen) != 3 {
		t.Errorf("200 units in arms %v", seen)
	}
	if n := testing.AllocsPerRun(100, func() { s.Experiment.Arm("u") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for by, want := range map[rulebook.ArmPolicy]explore.Policy{
		rulebook.Learned: {Kind: explore.Softmax, Epsilon: 0.01, Temperature: 0.3},
		rulebook.Uniform: {Kind: explore.Uniform},
		rulebook.Fixed:   {Kind: explore.Fixed},
	} {
		if got := s.Draws(by, 3); got != want {
			t.Errorf("%s draws by %v", by, got)
		}
	}
	s.Policy = rulebook.Policy{Kind: explore.LinUCB, Epsilon: 0.3, Budget: 0.4, Alpha: 2}
	for positions, epsilon := range map[int]float64{1: 0.3, 2: 0.2, 4: 0.1, 0: 0.3} {
		if got, want := s.Draws(rulebook.Learned, positions), (explore.Policy{Kind: explore.LinUCB, Epsilon: epsilon, Alpha: 2}); got != want {
			t.Errorf("%d positions are drawn by %v, want %v", positions, got, want)
		}
	}
}

func TestDigestTellsFilesApart(t *testing.T) {
	a := rulebook.Files{Slots: []byte("ab"), Rules: []byte("c")}
	b := rulebook.Files{Slots: []byte("a"), Rules: []byte("bc")}
	if a.Digest() == b.Digest() {
		t.Error("the same bytes in other files have the same digest")
	}
}

// Each line is broken in one way; the faults name it and nothing else.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{"slots", "version: 0", "version: 1", "2: version: must be at most 0"},
		{"slots", "version: 0\n", "", "version: is missing"},
		{"slots", "salt: 3f", "salt: 3", "3: salt: write 64 hexadecimal digits"},
		{"slots", "salt: 3f", "salt: 3f3f", "3: salt: write 64 hexadecimal digits"},
		{"slots", "salt: 3f", "salt: zz", "3: salt: write 64 hexadecimal digits"},
		{"slots", "opt_out", "opt-out", "4: regime: must be one of opt_in, opt_out"},
		{"slots", "lease: 24h", "lease: 0s", "5: lease: must be above 0"},
		{"slots", "lease: 24h", "lease: 1d", "5: lease: must be a duration"},
		{"slots", "lease: 24h", "lease: -1h", "5: lease: must be a duration"},
		{"slots", "lease: 24h", "lease: ", "5: lease: has no value"},
		{"slots", "vendor: 77", "vendor: 65536", "41: consent.vendor: must be at most 65535"},
		{"slots", "max_age: 4380h", "max_age: 0h", "41: consent.max_age: must be above 0"},
		{"slots", "[7, 8]", "[7, 7]", "41: consent.gpp_sections: must be ids of GPP sections, such as 7 for usnat, each once"},
		{"slots", "[7, 8]", "[0]", "41: consent.gpp_sections: must be ids of GPP sections"},
		{"slots", "lease: 24h", "leese: 24h", "5: leese: unknown key; use one of version salt regime lease"},
		{"slots", "share: 0.05", "share: 1.5", "7: frame_share: must be at most 1"},
		{"slots", "share: 0.05", `share: "0.05"`, "7: frame_share: must stand without quotes"},
		{"slots", "share: 0.05", "share: .inf", "7: frame_share: must be a number"},
		{"slots", "share: 0.05", "share: 0x1p-2", "7: frame_share: must be a number"},
		{"slots", "share: 0.05", "share: 1e999", "7: frame_share: must be a number"},
		{"slots", "share: 0.05", "share: [1]", "7: frame_share: must be a single value"},
		{"slots", "id: home_hero", "id: Home", "9: slots[0].id: must be 1 to 64 of"},
		{"slots", "id: till", "id: home_hero", `37: slots[1]: "home_hero" is there twice`},
		{"slots", "kind: content", "kind: video", "38: slots[1].kind: must be one of offer, content"},
		{"slots", "    kind: content\n", "", "37: slots[1].kind: is missing"},
		{"slots", "    reward: {net_margin: {scale: 0.01}}", "", "37: slots[1].reward: is missing"},
		{"slots", "limit: 500", "limit: 0", "12: slots[0].source.catalogue.limit: must be at least 1"},
		{"slots", `"c"], b`, `["c"]], b`, "12: slots[0].source.catalogue.categories[1]: must be a single value"},
		{"slots", "{items: [04006381333931, ", "{offers: true, items: [04006381333931, ", "39: slots[1].source: name exactly one"},
		{"slots", "{items: [04006381333931, ", "{offers: yes, items: [04006381333931, ", "39: slots[1].source.offers: must be true or false"},
		{"slots", "04006381333931,", "plu 4011,", `39: slots[1].source.items[1]: "plu 4011" is there twice`},
		{"slots", "count: 3", "count: 1", "14: slots[0].required: is more than count"},
		{"slots", "count: 3", "count: 3.5", "13: slots[0].count: must be a whole number"},
		{"slots", "count: 3", "count: 03", "13: slots[0].count: must be a whole number"},
		{"slots", "count: 3", "count: 1000", "13: slots[0].count: must be at most 100"},
		{"slots", "none: {floor: 0.05}", "none: {floor: 0}", "15: slots[0].none.floor: must be above 0"},
		{"slots", "none: {floor: 0.05}", "none: {}", "15: slots[0].none.floor: is missing"},
		{"slots", "none: {floor: 0.05}", "none: 0.05", "15: slots[0].none: must be a map"},
		{"slots", "hold: {ttl: 10m}", "actions: [{kind: pick, ttl: 5m}]", "16: slots[0].actions[0].function: is missing"},
		{"slots", "hold: {ttl: 10m}", "actions: [{function: kitchen, kind: pick, ttl: 5m}]", "16: slots[0].actions[0].function: must be one of stock_room, pricing, fulfilment, service"},
		{"slots", "hold: {ttl: 10m}", "actions: [{function: stock_room, kind: Pick it, ttl: 5m}]", "16: slots[0].actions[0].kind: must be 1 to 64 of a-z 0-9 _ . -, not starting with a sign"},
		{"slots", "hold: {ttl: 10m}", "actions: [{function: stock_room, kind: pick, ttl: 25h}]", "16: slots[0].actions[0].ttl: must be at most 86400"},
		{"slots", "hold: {ttl: 10m}", "actions: [{function: service, kind: a, ttl: 5m, when: return}]", "16: slots[0].actions[0].when: must be one of shown, view, click, add_to_basket, purchase, redeem, dismiss, accept, edit, reject, substituted, not_found, basket_completed"},
		{"slots", "hold: {ttl: 10m}", "actions: [{function: service, kind: a, ttl: 5m}, {function: service, kind: a, ttl: 9m, approval: none}]", `16: slots[0].actions[1]: "service a when shown" is there twice`},
		{"slots", "hold: {ttl: 10m}", "quote: {ttl: 0s}", "16: slots[0].quote.ttl: must be above 0"},
		{"slots", "hold: {ttl: 10m}", "hold: {quantity: 2}", "16: slots[0].hold.ttl: is missing"},
		{"slots", "epsilon: 0.01", "epsilon: 0", "18: slots[0].policy.epsilon: must be above 0"},
		{"slots", "temperature: 0.3", "gamma: 1, temperature: 0.3", "18: slots[0].policy.gamma: is for kind squarecb only"},
		{"slots", ", temperature: 0.3", "", "18: slots[0].policy: softmax needs a temperature"},
		{"slots", "temperature: 0.3", "temperature: 0.3, alpha: 1", "18: slots[0].policy.alpha: is for kind linucb only"},
		{"slots", "temperature: 0.3", "temperature: 0.3, budget: 0", "18: slots[0].policy.budget: must be above 0"},
		{"slots", "kind: softmax", "kind: epsilon_greedy", "18: slots[0].policy.temperature: is for kind softmax only"},
		{"slots", "share: 0.8", "share: 0.7", "25: slots[0].experiment.arms: shares sum to 0.9; they must sum to 1"},
		{"slots", "share: 0.8", "share: 0.80001", "25: slots[0].experiment.arms[0].share: is no multiple of 0.0001"},
		{"slots", "{id: fixed, share", "{id: learned, share", `26: slots[0].experiment.arms[1]: "learned" is there twice`},
		{"slots", "purchase: 1", "buy: 1", "29: slots[0].reward.weights.buy: is no outcome that can be rewarded; use one of view click"},
		{"slots", "purchase: 1", "return: 1", "29: slots[0].reward.weights.return: is no outcome that can be rewarded"},
		{"slots", "purchase: 1", "purchase: 1e", "29: slots[0].reward.weights.purchase: must be a number"},
		{"slots", "range: [-1, 2]", "net_margin: {scale: 1}", "29: slots[0].reward: name exactly one of weights and net_margin"},
		{"slots", "range: [-1, 2]", "range: [2, 2]", "30: slots[0].reward.range: the first number must be below"},
		{"slots", "range: [-1, 2]", "range: [0, 1, 2]", "30: slots[0].reward.range: must have 2 values"},
		{"slots", "default: 0.01", "default: 3", "32: slots[0].reward.default: is outside of range"},
		{"slots", "by: [session, basket]", "by: [session, device]", "34: slots[0].attribution.by[1]: must be one of basket, session, profile"},
		{"slots", "by: [session, basket]", "by: [session, session]", `34: slots[0].attribution.by[1]: "session" is there twice`},
		{"slots", "by: [session, basket]", "by: []", "34: slots[0].attribution.by: its number of entries must be at least 1"},
		{"slots", "[cap-day, in-stock]", "[cap-day, in-stack]", "36: slots[0].rules[1]: rules.yaml has no rule of this id"},

		{"rules", "safety: 2", "safety: -1", "3: rules[0].safety: must be at least 0"},
		{"rules", "kind: active", "kind: active, floor: 0.1", "4: rules[1].floor: is nothing to kind active; remove it"},
		{"rules", "kind: active", "kind: alive", "4: rules[1].kind: must be one of stock, active"},
		{"rules", ", floor: 0.05", "", "5: rules[2]: kind margin needs floor"},
		{"rules", "floor: 0.05", "floor: 1", "5: rules[2].floor: must be below 1"},
		{"rules", ", categories: [tobacco], brands: [b], items: [i]", "", "6: rules[3]: name categories, brands or items"},
		{"rules", "count: 3", "count: 0", "7: rules[4].count: must be at least 1"},
		{"rules", ", window: 24h", "", "7: rules[4]: kind cap needs window"},
		{"rules", "per: session", "per: shop", "7: rules[4].per: must be one of person, session"},
		{"rules", "[dismiss, purchase]", "[dismiss, bought]", "8: rules[5].outcomes[1]: is no outcome type"},
		{"rules", "id: live", "id: in-stock", `4: rules[1]: "in-stock" is there twice`},

		{"features", "context.weather", "item.weather", "3: features[0].source: of scope context starts with one of context., time., profile."},
		{"features", "context.weather", "context.", "3: features[0].source: of scope context"},
		{"features", "time.hour", "time.second", "4: features[1].source: of time is one of hour, minute, weekday, month, day_of_year, is_weekend"},
		{"features", "time.hour", "basket.weight", "4: features[1].source: of basket is one of department, size, value"},
		{"features", "time.hour", "basket.department", "4: features[1].source: is a name; make the kind hashed"},
		{"features", "time.hour", "session.liked", "4: features[1].source: of session is one of shown, clicked, seconds"},
		{"features", "time.hour", "pair.days_since", "4: features[1].source: of scope context starts with one of context., time., profile., basket., session."},
		{"features", "profile.taste", "profile.purchases", "5: features[2].source: is a history, which no feature reads as it is"},
		{"features", "action.score1", "pair.bought", "9: features[6].source: of pair is one of times_bought, days_since, category_affinity, brand_affinity, price_ratio, basket_fit"},
		{"features", "action.score1", "pair.days_since", "9: features[6]: what is known of a person needs the purpose it is read for"},
		{"features", "hash: vw", "context: [{key: season, type: text}]", "3: features[0].source: is no key of the list context, which has season"},
		{"features", "hash: vw", "context: [{key: weather, type: word}]", "12: context[0].type: must be one of text, number, boolean, list"},
		{"features", "hash: vw", "context: [{key: weather, type: text}, {key: weather, type: text}]", `12: context[1]: "weather" is there twice`},
		{"features", ", purpose: personalised_offers", "", "5: features[2]: what is known of a person needs the purpose"},
		{"features", "purpose: personalised_offers", "purpose: spying", "5: features[2].purpose: is no known purpose"},
		{"features", "item.price", "item.category", "6: features[3].source: is a name; make the kind hashed"},
		{"features", "source: item.category", "source: item.price", "7: features[4].source: is a number; make the kind dense"},
		{"features", "source: item.category", "source: item.size", "7: features[4].source: of item is one of id, category"},
		{"features", "item.attr.colour", "item.attr.", "8: features[5].source: of item is one of"},
		{"features", "item.attr.colour", "item.attr.colour, scale: 2", "8: features[5].scale: is for kind dense only"},
		{"features", "action.score1", "context.score1", "9: features[6].source: of scope item starts with one of item., action."},
		{"features", "name: hour", "name: weather", `4: features[1]: "weather" is there twice`},
		{"features", "[weather, category]", "[weather, kategory]", "10: crosses[0][1]: there is no feature of this name"},
		{"features", "[weather, category]", "[weather, taste]", "10: crosses[0]: must cross two features, at least one of them an item's"},
		{"features", "[weather, category]", "[category, category]", "10: crosses[0]: must cross two features"},
		{"features", "[weather, category]", "[colour, category]", `10: crosses[1]: "category x colour" is there twice`},
		{"features", "[weather, category]", "[hour, category]", "10: crosses[0][0]: only hashed features can be crossed"},
		{"features", "[weather, category]", "[weather]", "10: crosses[0]: must have 2 values"},
		{"features", "bits: 18", "bits: 23", "11: bits: must be at most 22"},
		{"features", "hash: vw", "hash: md5", "12: hash: must be one of xx64, vw"},

		{"features", "bits: 18", "bits: &a 18", "11: write it out: anchors"},
		{"features", "hash: vw", "hash: *a", "12: write it out: anchors"},
		{"features", "hash: vw", "hash: !!str vw", "12: write it out: anchors"},
		{"features", "hash: vw", "bits: 17", `12: mapping key "bits" already defined`},
		{"features", "hash: vw", "---\nbits: 17", "must hold one document"},
		{"features", "hash: vw", "hash: \xff", "is not UTF-8"},
		{"features", "hash: vw", "\thash: vw", "has a tab; indent with spaces"},
		{"features", "hash: vw", "? [a]\n: b", "13: found an invalid key"},
		{"features", "hash: vw", "1: b", "has a key that is no plain text"},
		{"features", "hash: vw", "words: [{language: fr, for: pour, against: \"{it} contre\", with: avec, order: a, exploration: b, pinned: c, offer: d, price: p, person: e, nobody: f}]", "12: words[0].for: must say where the feature's name stands, as {it}"},
		{"features", "hash: vw", "words: [{language: FRENCH, for: \"{it}\", against: \"{it}\", with: avec, order: a, exploration: b, pinned: c, offer: d, price: p, person: e, nobody: f}]", "12: words[0].language: must be a tag such as en or de-AT"},
		{"features", "hash: vw", "words: [{language: fr, against: \"{it}\", with: avec, order: a, exploration: b, pinned: c, offer: d, price: p, person: e, nobody: f}]", "12: words[0].for: is missing"},
		{"features", "hash: vw", "words: [{language: fr, for: \"{it}\", against: \"{it}\", with: avec, order: a, exploration: b, pinned: c, offer: d, price: p, person: e, nobody: f, rules: {stok: x}}]", "12: words[0].rules.stok: is none of stock, active,"},
		{"features", "hash: vw", "words: [{language: fr, for: \"{it}\", against: \"{it}\", with: avec, order: a, exploration: b, pinned: c, offer: d, price: p, person: e, nobody: f, verdicts: {removed: \"\"}}]", "12: words[0].verdicts.removed: must be 1 to 256 bytes"},
		{"features", "owner: data@x, ", "text: {en: \"\"}, ", "3: features[0].text.en: must be 1 to 64 bytes"},
		{"features", "owner: data@x, ", "text: {English: weather}, ", "3: features[0].text.English: the language must be a tag such as en or de-AT"},
		{"features", "hash: vw", "hash: " + strings.Repeat("[", 50_000), "12: nests too deeply"},
		{"features", "hash: vw", "hash:\n  " + strings.Repeat("- ", 50_000), "13: nests too deeply"},
		{"features", "hash: vw", strings.Repeat("#", 1<<17), "is larger than 131072 bytes"},
	} {
		f := files(t)
		b := map[string]*[]byte{"slots": &f.Slots, "rules": &f.Rules, "features": &f.Features}[c.file]
		if bytes.Count(*b, []byte(c.old)) != 1 {
			t.Fatalf("%q is %d times in %s.yaml", c.old, bytes.Count(*b, []byte(c.old)), c.file)
		}
		*b = bytes.Replace(*b, []byte(c.old), []byte(c.new), 1)
		got, err := rulebook.Parse(f)
		var faults rulebook.Faults
		if !errors.As(err, &faults) || got != nil || len(faults) != 1 {
			t.Errorf("%.60q: %v", c.new, err)
			continue
		}
		if s := faults[0].String(); !strings.HasPrefix(s, c.file+".yaml") || !strings.Contains(s, ": "+c.want) && !strings.Contains(s, ":"+c.want) {
			t.Errorf("%.60q: %s; want %s", c.new, s, c.want)
		}
	}
}

// One reading names everything that is wrong, in the order of the files.
func TestAllFaultsAtOnce(t *testing.T) {
	_, err := rulebook.Parse(rulebook.Files{
		Slots:    []byte("version: 0\nslots:\n- id: a\n  kind: offer\n  colour: red\n  count: 0\n  reward: {weights: {click: x}}\n  rules: [gone]\n"),
		Rules:    nil,
		Features: []byte("version: 0\nfeatures:\n- {name: a}\nbits: 1\n"),
		Purpose:  func(string) bool { return true },
	})
	want := []string{
		"slots.yaml:1: salt: is missing",
		"slots.yaml:5: slots[0].colour: unknown key",
		"slots.yaml:6: slots[0].count: must be at least 1",
		"slots.yaml:7: slots[0].reward.weights.click: must be a number",
		"rules.yaml: must hold one document",
		"features.yaml:3: features[0].scope: is missing",
		"features.yaml:3: features[0].kind: is missing",
		"features.yaml:3: features[0].source: is missing",
		"features.yaml:4: bits: must be at least 8",
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != len(want) {
		t.Fatalf("got\n%v", err)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

// The published schemas are those of the structs.
func TestSchemas(t *testing.T) {
	for _, name := range []string{"slots", "rules", "features"} {
		got := rulebook.Schema(name + ".yaml")
		file := name + ".schema.json"
		if *rewrite {
			if err := os.WriteFile("testdata/"+file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, read(t, file)) || !json.Valid(got) {
			t.Errorf("%s is not the schema of the structs; run go test -rewrite", file)
		}
	}
	if rulebook.Schema("offers.csv") != nil {
		t.Error("a schema of another file")
	}
}

// An editor's byte order mark is none of the file's words.
func TestByteOrderMark(t *testing.T) {
	f := files(t)
	f.Rules = append([]byte("\ufeff"), f.Rules...)
	if _, err := rulebook.Parse(f); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	// Short seeds: long ones are minimised for most of the time given.
	f.Add([]byte("slots: [{id: a, reward: {range: [0, 1]}}]"), []byte("rules:\n- {id: a}"), []byte("crosses: [[a, b]]\nbits: 9"))
	f.Add([]byte("lease: 1h\nsalt: 3f"), []byte("- &a *a"), []byte("? a\n: |\n b"))
	purpose := func(string) bool { return true }
	f.Fuzz(func(t *testing.T, slots, rules, features []byte) {
		r, err := rulebook.Parse(rulebook.Files{Slots: slots, Rules: rules, Features: features, Purpose: purpose})
		var faults rulebook.Faults
		if (r == nil) == (err == nil) || err != nil && (!errors.As(err, &faults) || len(faults) == 0) {
			t.Fatalf("%v, %v", r, err)
		}
	})
}
