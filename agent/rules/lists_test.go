package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/sync/wire"
)

// An attribute that rules.yaml declares a list is one in conditions about items, about
// both, of offers and of promoted items; any other text with a bar stays a text.
func TestListsOfItems(t *testing.T) {
	labels := []string{"", "bio", "bio|vegan", " Bio | fair |vegan|", "|", "bio,vegan"}
	for c, want := range map[string]string{
		`{item.attr.labels: {$in: [bio, fair]}}`:                       "1 2 3",
		`{item.attr.labels: {$ini: [BIO]}}`:                            "1 2 3",
		`{item.attr.labels: {$all: [bio, vegan]}}`:                     "2",
		`{item.attr.labels: {$elemMatch: {$regex: ^v}}}`:               "2 3",
		`{item.attr.labels: {$size: 2}}`:                               "2",
		`{item.attr.labels: {$size: {$gt: 2}}}`:                        "3",
		`{item.attr.labels: {$size: 0}}`:                               "4",
		`{item.attr.labels: {$exists: false}}`:                         "0",
		`{item.attr.labels: [bio, vegan]}`:                             "2",
		`{item.attr.labels: {$inGroup: green}}`:                        "2 3",
		`{item.attr.name: "bio|vegan"}`:                                "2",
		`{item.attr.name: {$in: [bio]}}`:                               "1",
		`{item.attr.name: {$size: 2}}`:                                 "",
		`{item.attr.labels: {$in: [bio]}, item.attr.name: "bio"}`:      "1",
		`{$not: {item.attr.labels: {$in: [bio, vegan, "bio,vegan"]}}}`: "0 4",
	} {
		for kind, rule := range map[string]string{
			"where": "{id: r, kind: exclude, where: " + c + "}",
			"mixed": "{id: r, kind: exclude, unless: {$nor: [{$and: [" + c + ", {context.weather: rain}]}]}}",
		} {
			n, b := campaigns(t, campaignSlot, "  - "+rule+"\nlists: [labels]\ngroups: {green: [vegan, fair]}\n", "percent", "")
			for i, l := range labels {
				n.Put(nodetest.Item(fmt.Sprint(i), func(it *wire.Item) { it.Attributes = map[string]string{"labels": l, "name": l} }))
			}
			of := b.View(n.Catalogue.Snapshot(), n.Store.Now()).Source()
			var allowed rules.Allowed
			of.Allow(&allowed, nil, rules.Asked{Now: n.Store.Now(), Context: func(key string) (consent.Value, bool) {
				return consent.Value{Kind: consent.Text, Text: "rain"}, key == "weather"
			}})
			var got []string
			for i := range of.Len() {
				if id := of.ID(i); !allowed.Bits.Has(i) && strings.Contains("012345", id) {
					got = append(got, id)
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want {
				t.Errorf("%s, %s: removed are %v, want %s", c, kind, got, want)
			}
		}
	}
}

// An offer's condition and a slot's promoted items take lists, too.
func TestListsOfOffers(t *testing.T) {
	n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\nlists: [labels]\ngroups: {green: [vegan]}\n", "percent,condition",
		"o,items,x|y,10,\"{\"\"item.attr.labels\"\": {\"\"$all\"\": [\"\"bio\"\", \"\"vegan\"\"]}}\"\np,items,x|y,5,\"{\"\"item.attr.labels\"\": {\"\"$notInGroup\"\": \"\"green\"\"}}\"\n")
	for _, x := range [][2]string{{"x", "bio|vegan"}, {"y", "bio"}} {
		n.Put(nodetest.Item(x[0], func(it *wire.Item) {
			it.Price.Amount, it.TaxRate, it.Attributes = 1000, 0, map[string]string{"labels": x[1]}
		}))
	}
	if got, want := prices(n, b, rules.Asked{})[3:], []string{"900 o", "950 p"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
