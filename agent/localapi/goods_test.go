package localapi_test

import (
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/item"
)

type goods struct {
	ID, Title, Brand, Category string
	Price                      struct {
		Amount   int64
		Currency string
	}
	Availability struct {
		OnHand, Promisable int64
		NotFound           bool
	}
}

func TestStockOverHTTP(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var it goods
	on := func(want int64) {
		t.Helper()
		s.get(&it, 200, "GET", "/v1/items/item-00001", "")
		if it.Availability.OnHand != want {
			t.Errorf("%d on hand, want %d", it.Availability.OnHand, want)
		}
	}
	on(100)
	s.get(nil, 200, "POST", "/v1/stock", `[{"id":"m1","itemId":"item-00001","delta":-3}]`)
	s.get(nil, 200, "POST", "/v1/stock", `[{"id":"m1","itemId":"item-00001","delta":-3}]`)
	on(97)
	s.get(nil, 200, "PUT", "/v1/stock", `[{"itemId":"item-00001","onHand":5}]`)
	on(5)
	s.get(nil, 200, "PUT", "/v1/stock", "id,on_hand\nitem-00001,9\n", header("Content-Type", "text/csv"))
	on(9)
	s.get(nil, 200, "PUT", "/v1/stock", `{"id":"item-00001","on_hand":2}`, header("Content-Type", "application/x-ndjson"))
	on(2)
	s.Cut()
	s.Again()
	s.api = serve(t, s.Node, localapi.Options{})
	on(2)
	if it.Title != "item-00001" || it.Price.Currency != "EUR" {
		t.Errorf("%+v", it)
	}
}

// TestBasketsAndActionsReadThirteenDigits: what a kiosk scanned is the item that was
// imported, in actions, in what it excludes, in the basket and in outcomes, given by
// itself or in a batch. What is no GTIN stays as it is.
func TestBasketsAndActionsReadThirteenDigits(t *testing.T) {
	s := newSite(t, localapi.Options{Scheme: item.GTIN})
	rules := "version: 0\nrules: [{id: have, kind: exclude, where: {item.brand: Pen}, when: {basket: {$in: ['04006381333931']}}}]\n"
	s.Use(nodetest.Files(t, nodetest.Slots(strings.NewReplacer("{catalogue: {limit: 10000}}", "{actions: true}", "rules: []", "rules: [have]").Replace(nodetest.Slot)), rules, nodetest.Features, nil))
	s.get(nil, 200, "PUT", "/v1/items", "id,title,brand,price,currency,tax_rate,stock\n04006381333931,Pen,Pen,199,EUR,0.19,4\n", header("Content-Type", "text/csv"))
	for body, want := range map[string]string{
		`"actions":[{"id":"4006381333931"}],"context":{"basket":["x"]}`:                                                  "04006381333931",
		`"actions":[{"id":"own"}],"context":{"basket":["x"]}`:                                                            "own",
		`"actions":[{"id":"4006381333931"}],"context":{"basket":["4006381333931"]}`:                                      "",
		`"actions":[{"id":"4006381333931"},{"id":"own"}],"context":{"basket":["x"]},"excludedActions":["4006381333931"]`: "own",
	} {
		var one ranking.Answer
		s.get(&one, 200, "POST", "/v1/decide", `{"slot":"hero","count":1,`+body+`}`)
		var several localapi.Results
		s.get(&several, 200, "POST", "/v1/decide:batch", `[{"slot":"hero","count":1,`+body+`}]`)
		for _, a := range []*ranking.Answer{&one, several.Results[0].Answer} {
			got := ""
			if len(a.Items) > 0 {
				got = a.Items[0].ID
			}
			if got != want {
				t.Errorf("%s: shown is %q, want %q", body, got, want)
			}
		}
		if want == "04006381333931" {
			s.get(nil, 202, "POST", "/v1/outcomes", `[{"id":"o","eventId":"`+one.EventID+`","itemId":"4006381333931","type":"not_found"}]`)
		}
	}
	var it goods
	if s.get(&it, 200, "GET", "/v1/items/4006381333931", ""); !it.Availability.NotFound || it.Availability.Promisable > 0 || it.Availability.OnHand != 4 {
		t.Errorf("after it was not found: %+v", it)
	}
	s.get(nil, 200, "POST", "/v1/stock", `[{"id":"m","itemId":"4006381333931","delta":-9}]`)
	if s.get(&it, 200, "GET", "/v1/items/4006381333931", ""); it.Availability.OnHand != -5 {
		t.Errorf("after a sale of more than were counted: %+v", it)
	}
}

// A count below zero is refused in its line, in every form; the others are kept.
func TestNobodyCountsBelowZero(t *testing.T) {
	s := newSite(t, localapi.Options{})
	for _, c := range []struct {
		method, path, kind, body string
		line                     int
	}{
		{"PUT", "/v1/stock", "text/csv", "id,on_hand\nitem-00001,9\nitem-00002,-1\n", 3},
		{"PUT", "/v1/stock", "application/json", `[{"itemId":"item-00001","onHand":9},{"itemId":"item-00002","onHand":-1}]`, 2},
		{"PUT", "/v1/items", "text/csv", "id,title,price,currency,tax_rate,stock\na,A,1,EUR,0,1\nb,B,1,EUR,0,-1\n", 3},
	} {
		var got localapi.Report
		s.get(&got, 200, c.method, c.path, c.body, header("Content-Type", c.kind))
		if got.Accepted != 1 || len(got.Faults) != 1 || got.Faults[0].Line != c.line || !strings.Contains(got.Faults[0].Problem, "send sales as movements") {
			t.Errorf("%s as %s: %+v", c.path, c.kind, got)
		}
	}
	var it goods
	if s.get(&it, 200, "GET", "/v1/items/item-00001", ""); it.Availability.OnHand != 9 {
		t.Errorf("%+v", it)
	}
}

// What is more than there can be is refused in its line: sums of it would turn round,
// and show a shelf full that is empty.
func TestNobodyMovesMoreThanThereIs(t *testing.T) {
	s := newSite(t, localapi.Options{})
	s.get(nil, 200, "PUT", "/v1/stock", `[{"itemId":"item-00001","onHand":0}]`)
	for _, c := range []struct{ method, path, kind, body string }{
		{"POST", "/v1/stock", "application/json", `[{"id":"a","itemId":"item-00001","delta":-9223372036854775808},{"id":"b","itemId":"item-00001","delta":-9223372036854775808}]`},
		{"POST", "/v1/stock", "application/json", `[{"id":"c","itemId":"item-00001","delta":9223372036854775807},{"id":"d","itemId":"item-00001","delta":2147483648}]`},
		{"PUT", "/v1/stock", "application/json", `[{"itemId":"item-00001","onHand":9223372036854775807},{"itemId":"item-00001","onHand":2147483648}]`},
		{"PUT", "/v1/stock", "text/csv", "id,on_hand\nitem-00001,9223372036854775807\nitem-00001,2147483648\n"},
		{"PUT", "/v1/items", "text/csv", "id,title,price,currency,tax_rate,stock\nitem-00001,A,1,EUR,0,9223372036854775807\nitem-00001,B,1,EUR,0,2147483648\n"},
	} {
		w := s.ask(c.method, c.path, c.body, header("Content-Type", c.kind))
		if got := problemOf(t, w); w.Code != 422 || len(got.Faults) != 2 || !strings.Contains(got.Faults[1].Problem, "2147483647") {
			t.Errorf("%s %s: %d %+v", c.path, c.body, w.Code, got)
		}
	}
	var it goods
	if s.get(&it, 200, "GET", "/v1/items/item-00001", ""); it.Availability.OnHand != 0 {
		t.Errorf("%+v", it)
	}
}

// TestTillsReadThirteenDigits of what the catalogue knows by fourteen.
func TestTillsReadThirteenDigits(t *testing.T) {
	s := newSite(t, localapi.Options{Scheme: item.GTIN})
	s.get(nil, 200, "PUT", "/v1/items", "id,title,price,currency,tax_rate,stock\n4006381333931,Pen,199,EUR,0.19,4\n", header("Content-Type", "text/csv"))
	s.get(nil, 200, "POST", "/v1/stock", `[{"id":"m1","itemId":"4006381333931","delta":-1}]`)
	var it goods
	for _, id := range []string{"4006381333931", "04006381333931"} {
		s.get(&it, 200, "GET", "/v1/items/"+id, "")
		if it.ID != "04006381333931" || it.Availability.OnHand != 3 {
			t.Errorf("%s is %+v", id, it)
		}
	}
}
