package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// fifty are rules of every kind, so chosen that something is left.
func fifty() string {
	kinds := []string{
		"kind: stock, safety: 1, where: {item.brand: brand3}", "kind: active", "kind: margin, floor: 0.05", "kind: margin, floor_amount: 5, when: {context.weather: rain}",
		"kind: price, least: 10, max_discount: 0.9", "kind: exclude, brands: [brand1]", "kind: exclude, where: {item.department: dept2}, unless: {profile.age: {$gte: 18}}",
		"kind: exclude, where: {item.price: {$gt: 1280}}, when: {time.hour: {$lt: 25}}", "kind: exclude, when: {context.weather: snow}",
		"kind: exclude, where: {item.department: dept4}, unless: {$or: [{item.brand: brand2, context.weather: rain}, {item.brand: brand5, basket: {$in: [x]}}]}",
		"kind: avoid, attribute: allergens, source: profile.allergens", "kind: needs, attribute: diet, source: profile.diet", "kind: age, attribute: min_age, source: profile.age",
		"kind: sensitive, class: health, where: {item.department: dept5}", "kind: cap, count: 9, window: 1h", "kind: cap, count: 90, window: 1h, of: brand",
		"kind: cap, count: 900, window: 1h, per: session, of: category", "kind: cap, count: 90, window: 1h, of: slot", "kind: suppress, outcomes: [purchase], window: 1h",
		"kind: suppress, outcomes: [dismiss], window: 1h, of: brand", "kind: limit, count: 3, of: brand", "kind: separate, groups: [[brand7], [brand8]]",
	}
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, "  - {id: r%d, %s}\n", i, kinds[i%len(kinds)])
	}
	return b.String()
}

// crowd is a catalogue of so many items, and what of a request the rules see.
func crowd(t testing.TB, items int, book string) (*nodetest.Node, *rules.View, rules.Asked) {
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(strings.Replace(slot, "limit: 100", "limit: 10000", 1)), "version: 0\nrules:\n"+book, fields, map[string]func(*scoring.Linear){}))
	all := nodetest.Items(items)
	for i, it := range all {
		it.Attributes = map[string]string{"allergens": []string{"none", "nuts", "milk|eggs"}[i%3], "diet": []string{"vegan", "vegan|halal"}[i%2], "min_age": []string{"", "16", "18"}[i%3]}
	}
	n.Put(all...)
	a := ctx("weather", "rain", "basket", []string{"y", "z"})
	a.Now, a.Granted = n.Store.Now(), func(wire.Purpose) bool { return true }
	a.Profile = append(append(knows("age", 30.0), knows("diet", "vegan")...), knows("allergens", []string{"nuts"})...)
	for i := range 100 {
		a.Person = append(a.Person, attribution.Entry{Item: hash(fmt.Sprintf("item-%05d", 3*i)), Slot: attribution.SlotKey("hero"), Times: 1, At: a.Now - 1, Seq: uint64(i / 3)})
	}
	a.Session = a.Person[:20]
	return n, n.Releases.Active().Slot("hero").Book.View(n.Catalogue.Snapshot(), a.Now), a
}

// A decision's rules cost no memory once they are warm.
func TestRulesDoNotAllocate(t *testing.T) {
	n, v, a := crowd(t, 1000, fifty())
	var ids []string
	for i := range v.Len() {
		ids = append(ids, v.ID(i))
	}
	var given rules.Candidates
	var allowed rules.Allowed
	var own rules.Stock
	if got := testing.AllocsPerRun(20, func() {
		v.Source().Allow(&allowed, v.Source().Stock(n.Catalogue, &own), a)
		if err := v.Give(&given, ids); err != nil {
			t.Fatal(err)
		}
		given.Allow(&allowed, given.Stock(n.Catalogue, &own), a)
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if left := allowed.Bits.Count(); left < 50 || left > 950 {
		t.Errorf("%d candidates are left", left)
	}
}

// BenchmarkAllow is what rules cost in one decision.
func BenchmarkAllow(b *testing.B) {
	for _, items := range []int{1000, 10_000} {
		for name, book := range map[string]string{"none": "  - {id: live, kind: active}\n", "fifty": fifty()} {
			b.Run(fmt.Sprintf("own=%d/rules=%s", items, name), func(b *testing.B) {
				n, v, a := crowd(b, items, book)
				var allowed rules.Allowed
				for b.Loop() {
					v.Source().Allow(&allowed, v.Source().Stock(n.Catalogue, nil), a)
				}
			})
			b.Run(fmt.Sprintf("given=1000/catalogue=%d/rules=%s", items, name), func(b *testing.B) {
				n, v, a := crowd(b, items, book)
				var ids []string
				for i := range 1000 {
					ids = append(ids, v.ID(i*(items/1000)))
				}
				var given rules.Candidates
				var allowed rules.Allowed
				var own rules.Stock
				for b.Loop() {
					if err := v.Give(&given, ids); err != nil {
						b.Fatal(err)
					}
					given.Allow(&allowed, given.Stock(n.Catalogue, &own), a)
				}
			})
		}
	}
}
