package localapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/sync/wire"
)

const acting = `
  - id: pickup
    kind: offer
    source: {items: [item-00001, item-00002, item-00003]}
    count: 1
    hold: {ttl: 30m}
    quote: {ttl: 20m}
    actions:
      - {function: stock_room, kind: pick, ttl: 10m}
      - {function: pricing, kind: label, approval: none, ttl: 5m}
    reward: {weights: {accept: 1, edit: 1}}
`

// newDesk is a site where one is picked of each item that is shown; there is one each.
func newDesk(t *testing.T) *site {
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(acting), rules, nodetest.Features, nil))
	items := nodetest.Items(5)
	for _, it := range items {
		it.Stock = 1
	}
	n.Put(items...)
	return &site{n, serve(t, n, localapi.Options{}), t}
}

type action struct {
	ID, EventID, Slot, Function, Kind, State, ItemID, RecommendedItemID, By string
	Quantity                                                                int
	Price                                                                   struct {
		Amount   int64
		Currency string
	}
}

type pickup struct {
	Items []struct {
		ID      string
		Actions []struct{ ID, Function, Kind string }
		Price   struct {
			Amount     int64
			QuoteUntil time.Time
		}
	}
}

// decide asks for a pickup and gives its action for the stock room.
func (s *site) decide(event string) (a pickup, pick string) {
	s.t.Helper()
	s.get(&a, 200, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"pickup","eventId":%q}`, event))
	if len(a.Items) != 1 || len(a.Items[0].Actions) != 2 || a.Items[0].Actions[0].Function != "stock_room" || a.Items[0].Actions[0].Kind != "pick" {
		s.t.Fatalf("%+v", a)
	}
	return a, a.Items[0].Actions[0].ID
}

func (s *site) problem(status int, slug, method, path, body string) {
	s.t.Helper()
	w := s.ask(method, path, body)
	var d struct {
		Type, Detail string
		Faults       []any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || w.Code != status || d.Type != localapi.Base+slug || d.Detail == "" && len(d.Faults) == 0 {
		s.t.Errorf("%s %s: %d %s, want %s", method, path, w.Code, w.Body, slug)
	}
}

func (s *site) promisable(item string) int64 {
	place, _ := s.Catalogue.Snapshot().Place(item)
	return s.Catalogue.Promisable(place)
}

// The staff accept, edit and reject what decisions call for; each is an outcome of
// what was recommended, whatever became of it, and none can be said of what is past.
func TestTheStaffDecide(t *testing.T) {
	s := newDesk(t)
	a, pick := s.decide("e1")
	item := a.Items[0].ID
	var list struct {
		Actions []action
		More    bool
	}
	s.get(&list, 200, "GET", "/v1/actions?function=stock_room&state=proposed", "")
	if len(list.Actions) != 1 || list.Actions[0].ID != pick || list.Actions[0].ItemID != item || list.Actions[0].Price.Amount != a.Items[0].Price.Amount {
		t.Errorf("%+v", list)
	}
	s.get(&list, 200, "GET", "/v1/actions?count=1", "")
	if len(list.Actions) != 1 || !list.More {
		t.Errorf("%+v", list)
	}
	at := "/v1/actions/" + pick
	s.problem(422, "invalid-request", "POST", at+"/accept", `{"by":"Anna Smith"}`)
	s.problem(422, "invalid-request", "POST", at+"/accept", `{}`)
	s.problem(409, "action-decided", "POST", at+"/done", `{"by":"stock-room"}`)
	s.problem(404, "unknown-action", "POST", "/v1/actions/"+strings.Repeat("0", 36)+"/accept", `{"by":"stock-room"}`)
	var one action
	for range 2 { // an answer that was lost is asked for again
		s.get(&one, 200, "POST", at+"/accept", `{"by":"stock-room"}`)
		if one.State != "approved" || one.By != "stock-room" {
			t.Errorf("%+v", one)
		}
	}
	s.problem(409, "action-decided", "POST", at+"/edit", `{"by":"stock-room","quantity":2}`)
	s.problem(409, "action-decided", "POST", at+"/accept", `{"by":"manager"}`)
	s.get(&one, 200, "POST", at+"/done", `{"by":"stock-room"}`)
	s.problem(409, "action-decided", "POST", at+"/reject", `{"by":"stock-room"}`)
	if s.promisable(item) != 0 {
		t.Error("what was picked is free again")
	}

	b, pick := s.decide("e2")
	rejected := b.Items[0].ID
	s.get(&one, 200, "POST", "/v1/actions/"+pick+"/reject", `{"by":"stock-room"}`)
	if one.State != "rejected" || s.promisable(rejected) != 1 {
		t.Errorf("%+v, %d can be promised", one, s.promisable(rejected))
	}

	c, pick := s.decide("e3")
	s.Advance(10 * time.Minute)
	s.problem(410, "action-expired", "POST", "/v1/actions/"+pick+"/accept", `{"by":"stock-room"}`)
	if err := s.Actions.Settle(); err != nil {
		t.Fatal(err)
	}
	s.get(&one, 200, "GET", "/v1/actions/"+pick, "")
	if one.State != "expired" || s.promisable(c.Items[0].ID) != 1 {
		t.Errorf("%+v, %d can be promised", one, s.promisable(c.Items[0].ID))
	}
	s.problem(410, "action-expired", "POST", "/v1/actions/"+pick+"/reject", `{"by":"stock-room"}`)

	want := []string{"accept e1 " + item, "reject e2 " + rejected}
	for _, r := range s.Records() {
		if o := r.GetOutcome(); o != nil {
			said := strings.ToLower(strings.TrimPrefix(o.Type.String(), "OUTCOME_")) + " " + o.EventId + " " + o.Item
			if len(want) == 0 || said != want[0] || len(o.Decision) != 16 || o.Slot != "pickup" || o.JoinedBy != "event" {
				t.Errorf("%s: %v", said, o)
				break
			}
			want = want[1:]
		}
	}
	if len(want) > 0 {
		t.Errorf("not recorded: %v", want)
	}
}

// TestActionsAreListedAsAsked: of some states, those that changed last first, since a
// time, and no more than were asked for.
func TestActionsAreListedAsAsked(t *testing.T) {
	s := newDesk(t)
	var picks []string
	for _, e := range []string{"e1", "e2", "e3"} {
		_, pick := s.decide(e)
		picks = append(picks, pick)
		s.Advance(time.Second)
	}
	accepted := s.Now() // the third stays; the second is rejected, and the first accepted before
	for i, what := range []string{"accept", "reject"} {
		s.ask("POST", "/v1/actions/"+picks[i]+"/"+what, `{"by":"stock-room"}`)
		s.Advance(time.Second)
	}
	rejected := s.Now().Add(-time.Second).UTC().Format(time.RFC3339)
	for query, want := range map[string][]int{
		"":                         {0, 2}, // one is over
		"&state=proposed":          {2},
		"&state=rejected":          {1},
		"&state=rejected,approved": {0, 1},
		"&state=rejected,approved,proposed&order=changed":                                {1, 0, 2},
		"&state=rejected,approved,proposed&order=changed&count=1":                        {1},
		"&state=rejected,approved,proposed&order=called&count=2":                         {0, 1},
		"&state=rejected,approved,proposed&since=" + accepted.UTC().Format(time.RFC3339): {0, 1},
		"&state=rejected,approved,proposed&since=" + rejected:                            {1},
		"&state=done&order=changed":                                                      nil,
	} {
		var list struct {
			Actions []action
			More    bool
		}
		s.get(&list, 200, "GET", "/v1/actions?function=stock_room"+query, "")
		var got []int
		for _, a := range list.Actions {
			got = append(got, slices.Index(picks, a.ID))
		}
		if !slices.Equal(got, want) || list.More != strings.Contains(query, "count") {
			t.Errorf("%s: %v, want %v, more %v", query, got, want, list.More)
		}
	}
	for _, query := range []string{"order=best", "state=proposed,lost", "since=yesterday", "count=0"} {
		s.problem(422, "invalid-request", "GET", "/v1/actions?"+query, "")
	}
}

// An edit keeps to the rules of its slot, to what was promised to the shopper, and to
// what is there; its outcome is of the item that was recommended.
func TestEditsKeepToTheRules(t *testing.T) {
	s := newDesk(t)
	a, pick := s.decide("e1")
	item, price := a.Items[0].ID, a.Items[0].Price.Amount
	other := "item-00001"
	if item == other {
		other = "item-00002"
	}
	at := "/v1/actions/" + pick + "/edit"
	// net cost 500 and a margin of 5 % of the net price: nothing below 526.3 net, 626.3 gross
	for _, body := range []string{
		`{"by":"r","price":{"amount":626,"currency":"EUR"}}`, // below the floor
		`{"by":"r","price":{"amount":-1,"currency":"EUR"}}`,
		fmt.Sprintf(`{"by":"r","price":{"amount":%d,"currency":"EUR"}}`, price+1), // above the promise
		`{"by":"r","price":{"amount":800,"currency":"USD"}}`,
		`{"by":"r","quantity":2}`,          // there is one
		`{"by":"r","itemId":"item-00004"}`, // the slot does not show it
		`{"by":"r","itemId":"nowhere"}`,
	} {
		s.problem(422, "edit-refused", "POST", at, body)
	}
	s.Move("m1", other, -1)
	s.problem(422, "edit-refused", "POST", at, fmt.Sprintf(`{"by":"r","itemId":%q}`, other))
	s.Move("m2", other, 1)
	before := s.Log.Last()
	var one action
	s.get(&one, 200, "POST", at, fmt.Sprintf(`{"by":"r","itemId":%q,"price":{"amount":627,"currency":"EUR"}}`, other))
	if one.State != "edited" || one.ItemID != other || one.RecommendedItemID != item || one.Price.Amount != 627 {
		t.Errorf("%+v", one)
	}
	if s.promisable(item) != 1 || s.promisable(other) != 0 {
		t.Errorf("%d of what was recommended and %d of what it became can be promised", s.promisable(item), s.promisable(other))
	}
	rec, err := s.Store.Record(before + 1)
	if err != nil {
		t.Fatal(err)
	}
	o := rec.GetOutcome()
	if o.GetType() != wire.OutcomeType_OUTCOME_EDIT || o.Item != item || o.Action.GetItem() != other || s.Log.Last() != before+1 {
		t.Errorf("an edit was recorded as %v", rec)
	}
}

// An edit takes no more out of a budget than was reserved for the answer, whatever
// there is on the shelf.
func TestEditsKeepToBudgets(t *testing.T) {
	for budget, taken := range map[string]bool{"": true, "200": false} {
		n := nodetest.New(t, nodetest.Options{})
		files := nodetest.Files(t, nodetest.Slots(acting), rules, nodetest.Features, nil)
		files["offers.csv"] = []byte("id,kind,target,percent,budget\nten,items,item-00001|item-00002|item-00003,10," + budget + "\n")
		n.Use(files)
		items := nodetest.Items(5)
		for _, it := range items {
			it.Stock = 5
		}
		n.Put(items...)
		s := &site{n, serve(t, n, localapi.Options{}), t}
		_, pick := s.decide("e1")
		if body := `{"by":"r","quantity":2}`; taken {
			s.get(nil, 200, "POST", "/v1/actions/"+pick+"/edit", body)
		} else {
			s.problem(422, "edit-refused", "POST", "/v1/actions/"+pick+"/edit", body)
			s.get(nil, 200, "POST", "/v1/actions/"+pick+"/edit", `{"by":"r","quantity":1}`)
		}
	}
}

// A quoted price stands: the catalogue changes, the answer and its record don't.
func TestQuotesStand(t *testing.T) {
	s := newDesk(t)
	a, _ := s.decide("e1")
	item, price := a.Items[0].ID, a.Items[0].Price.Amount
	if want := s.Now().Add(20 * time.Minute).Truncate(time.Second); !a.Items[0].Price.QuoteUntil.Equal(want) {
		t.Errorf("quoted until %v, want %v", a.Items[0].Price.QuoteUntil, want)
	}
	s.Put(nodetest.Item(item, func(it *wire.Item) { it.Price.Amount, it.Stock = 3000, 1 }))
	again, _ := s.decide("e1")
	var d struct {
		Shown []struct {
			Price      struct{ Amount int64 }
			QuoteUntil time.Time
		}
	}
	s.get(&d, 200, "GET", "/v1/decisions/e1", "")
	if again.Items[0].Price != a.Items[0].Price || len(d.Shown) != 1 || d.Shown[0].Price.Amount != price || d.Shown[0].QuoteUntil.IsZero() {
		t.Errorf("answered %+v, then %+v; recorded %+v", a.Items[0].Price, again.Items[0].Price, d.Shown)
	}
	var report struct{ Accepted []string }
	s.get(&report, 202, "POST", "/v1/outcomes", fmt.Sprintf(`[{"id":"o1","eventId":"e1","itemId":%q,"type":"purchase","money":{"amount":%d,"currency":"EUR"}}]`, item, price))
	if len(report.Accepted) != 1 {
		t.Errorf("%+v", report)
	}
}

// An answer says how each item comes, and holds only what comes as asked; and the
// lowest price before a reduction.
func TestAnswersSayHowAndForHowMuch(t *testing.T) {
	s := newDesk(t)
	s.Advance(time.Hour)
	s.Put(nodetest.Item("item-00002", func(it *wire.Item) {
		it.Stock, it.Price.Amount = 1, 1000
		it.Attributes["fulfilment"] = "in_store|Collect"
	}))
	var a struct {
		Items []struct {
			ID    string
			Price struct {
				Amount, Lowest30d int64
			}
			Availability struct{ Fulfilment []string }
		}
	}
	for range 2 { // from its record, too
		s.get(&a, 200, "POST", "/v1/decide", `{"slot":"pickup","eventId":"e1","fulfilment":"collect"}`)
		if len(a.Items) != 1 || a.Items[0].ID != "item-00002" || fmt.Sprint(a.Items[0].Availability.Fulfilment) != "[in_store collect]" ||
			a.Items[0].Price.Amount != 1000 || a.Items[0].Price.Lowest30d != 1192 {
			t.Fatalf("%+v", a)
		}
	}
	s.problem(409, "event-clash", "POST", "/v1/decide", `{"slot":"pickup","eventId":"e1","fulfilment":"in_store"}`)
	for _, want := range []int{1, 1, 0} { // the other two of the shelf
		s.get(&a, 200, "POST", "/v1/decide", `{"slot":"pickup","fulfilment":"in_store"}`)
		if len(a.Items) != want || want > 0 && (fmt.Sprint(a.Items[0].Availability.Fulfilment) != "[in_store]" || a.Items[0].ID == "item-00002") {
			t.Errorf("%+v", a)
		}
	}
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"pickup","fulfilment":"drone"}`)
	if len(a.Items) > 0 {
		t.Errorf("%+v", a)
	}
}
