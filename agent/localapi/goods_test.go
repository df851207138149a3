package localapi_test

import (
	"testing"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/sync/item"
)

type goods struct {
	ID, Title, Brand, Category string
	Price                      struct {
		Amount   int64
		Currency string
	}
	Availability struct{ OnHand, Promisable int64 }
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
