package catalogue_test

import (
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/sync/wire"
)

const day = 24 * time.Hour

// A reduction is compared with the lowest price of the 30 days before it, as article
// 6a of Directive 98/6/EC says, after restarts and damage too.
func TestLowestPriceBeforeAReduction(t *testing.T) {
	type event struct {
		after time.Duration // since the one before
		shelf int64         // a price on the shelf
		offer int64         // an offer's price that is shown
		eur   string
	}
	for name, c := range map[string]struct {
		events []event
		began  time.Duration // of the offer, before now; 0: none
		want   int64
	}{
		"one price":                         {[]event{{0, 500, 0, ""}}, 0, 500},
		"reduced today":                     {[]event{{0, 500, 0, ""}, {10 * day, 400, 0, ""}}, 0, 500},
		"reduced long ago":                  {[]event{{0, 500, 0, ""}, {10 * day, 400, 0, ""}, {50 * day, 0, 0, ""}}, 0, 500},
		"lower within the 30 days":          {[]event{{0, 500, 0, ""}, {40 * day, 300, 0, ""}, {5 * day, 600, 0, ""}, {20 * day, 400, 0, ""}}, 0, 300},
		"lower before the 30 days":          {[]event{{0, 500, 0, ""}, {40 * day, 300, 0, ""}, {5 * day, 600, 0, ""}, {31 * day, 400, 0, ""}}, 0, 600},
		"raised":                            {[]event{{0, 300, 0, ""}, {40 * day, 400, 0, ""}, {day, 0, 0, ""}}, 0, 300},
		"raised long ago":                   {[]event{{0, 300, 0, ""}, {40 * day, 400, 0, ""}, {31 * day, 0, 0, ""}}, 0, 400},
		"an offer":                          {[]event{{0, 500, 0, ""}, {40 * day, 0, 350, ""}}, day, 500},
		"an offer after a cheaper one":      {[]event{{0, 500, 0, ""}, {40 * day, 0, 300, ""}, {10 * day, 0, 350, ""}}, day, 300},
		"an offer long after a cheaper one": {[]event{{0, 500, 0, ""}, {40 * day, 0, 300, ""}, {40 * day, 0, 350, ""}}, day, 500},
		"an offer that runs for long":       {[]event{{0, 500, 0, ""}, {40 * day, 0, 350, ""}, {20 * day, 0, 350, ""}}, 21 * day, 500},
		"no offer any more":                 {[]event{{0, 500, 0, ""}, {40 * day, 0, 350, ""}, {2 * day, 0, 0, ""}}, 0, 350},
		"another currency":                  {[]event{{0, 100, 0, ""}, {day, 500, 0, "SEK"}}, 0, 500},
	} {
		var cat *catalogue.Catalogue
		n := storetest.New(t, func(st *store.Store) { cat = catalogue.New(st) })
		commit := func(r *wire.Record) {
			t.Helper()
			if _, err := n.Store.Commit(r, nil); err != nil {
				t.Fatal(err)
			}
		}
		shelf := int64(0)
		for _, e := range c.events {
			n.Advance(e.after)
			if e.shelf > 0 {
				shelf = e.shelf
				if e.eur == "" {
					e.eur = "EUR"
				}
				commit(&wire.Record{Body: &wire.Record_Item{Item: &wire.Item{Id: "tea", Status: "active", Price: &wire.Money{Amount: e.shelf, Currency: e.eur}}}})
			}
			if e.offer > 0 {
				commit(&wire.Record{Body: &wire.Record_Decision{Decision: &wire.Decision{Id: make([]byte, 16), Items: []string{"tea"},
					Shown: []*wire.Shown{{Offer: "o", Price: &wire.Money{Amount: e.offer, Currency: "EUR"}}}}}})
			}
		}
		for _, again := range []func(){func() {}, n.Restart, func() { n.Damage("catalogue.db") }} {
			again()
			now, began := n.Now().UnixMilli(), int64(0)
			if c.began > 0 {
				began = now - c.began.Milliseconds()
			}
			place, ok := cat.Snapshot().Place("tea")
			if !ok {
				place = 0 // what was just written has its place already
			}
			if got := cat.Lowest(place, shelf, now, began); got != c.want {
				t.Errorf("%s: %d, want %d", name, got, c.want)
			}
		}
	}
}

// However often a price changes, little is kept of it.
func TestPricesAreBounded(t *testing.T) {
	var cat *catalogue.Catalogue
	n := storetest.New(t, func(st *store.Store) { cat = catalogue.New(st) })
	for i := range 500 {
		n.Advance(time.Hour)
		rec := &wire.Record{Body: &wire.Record_Item{Item: &wire.Item{Id: "tea", Status: "active", Price: &wire.Money{Amount: int64(1000 - i), Currency: "EUR"}}}}
		if _, err := n.Store.Commit(rec, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := cat.Lowest(0, 501, n.Now().UnixMilli(), 0); got != 502 {
		t.Errorf("%d, want what it was an hour ago", got)
	}
}
