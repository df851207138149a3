package localapi_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

type multiRanked struct {
	EventID string
	Slots   []struct{ ID, RewardActionID string }
}

// pages is a multi-slot request of three slots over four actions: the second may
// not show a0, the third has a2 for its baseline.
func pages(event string) string {
	return fmt.Sprintf(`{"eventId":%q,"contextFeatures":[{"time":"noon"}],"actions":[{"id":"a0"},{"id":"a1"},{"id":"a2"},{"id":"a3"}],
		"slots":[{"id":"top","features":[{"size":"large"}],"baselineAction":"a0"},
		{"id":"side","excludedActions":["a0"],"baselineAction":"a1"},{"id":"foot","baselineAction":"a2"}]}`, event)
}

// TestMultiSlotPropensities: every slate that can come out does as often as the
// product of the recorded conditionals says, and the products of all sum to one.
// The oracle computes the conditionals by itself: the slot's policy is greedy with
// epsilon 0.2 over its order, its baseline first.
func TestMultiSlotPropensities(t *testing.T) {
	s := newSite(t, localapi.Options{})
	const rounds = 1500
	drawn := map[string]float64{}
	for round := range rounds {
		event := fmt.Sprint("m", round)
		var r multiRanked
		s.get(&r, 201, "POST", personalizer+"/multislot/rank", pages(event))
		if r.EventID != event || len(r.Slots) != 3 || r.Slots[0].ID != "top" || r.Slots[2].ID != "foot" {
			t.Fatalf("%+v", r)
		}
		slate := ""
		for _, one := range r.Slots {
			if strings.Contains(slate, one.RewardActionID) || one.ID == "side" && one.RewardActionID == "a0" {
				t.Fatalf("%+v", r)
			}
			slate += one.RewardActionID
			var d struct{ Probability float64 }
			s.get(&d, 200, "GET", "/v1/decisions/"+event+":"+one.ID, "")
			if want := expected(slate)[len(slate)/2-1]; math.Abs(d.Probability-want) > 1e-12 {
				t.Fatalf("%s at %s is recorded with %v, want %v", slate, one.ID, d.Probability, want)
			}
		}
		drawn[slate]++
	}
	chi, sum, slates := 0.0, 0.0, 0
	for _, slate := range permutations("a0", "a1", "a2", "a3") {
		if slate[2:4] == "a0" {
			continue
		}
		p := 1.0
		for _, one := range expected(slate) {
			p *= one
		}
		sum += p
		slates++
		d := drawn[slate] - p*rounds
		chi += float64(d*d) / (p * rounds)
	}
	if limit := float64(slates) + 6*math.Sqrt(2*float64(slates)); math.Abs(sum-1) > 1e-9 || chi > limit {
		t.Errorf("%d slates sum to %v; chi-squared %.1f, at most %.1f", slates, sum, chi, limit)
	}
}

// expected are the conditionals of a slate's slots.
func expected(slate string) (all []float64) {
	orders := [][]string{{"a0", "a1", "a2", "a3"}, {"a1", "a2", "a3"}, {"a2", "a0", "a1", "a3"}}
	for at := 0; at < len(slate); at += 2 {
		left := slices.DeleteFunc(slices.Clone(orders[at/2]), func(id string) bool { return strings.Contains(slate[:at], id) })
		p := 0.2 / float64(len(left))
		if slate[at:at+2] == left[0] {
			p += 0.8
		}
		all = append(all, p)
	}
	return all
}

// permutations are all slates of three of the actions.
func permutations(ids ...string) (all []string) {
	for _, a := range ids {
		for _, b := range ids {
			for _, c := range ids {
				if a != b && b != c && a != c {
					all = append(all, a+b+c)
				}
			}
		}
	}
	return all
}

// TestMultiSlotEvent: a repeat answers the same, another request of the event is
// refused, each slot replays, and rewards join their own slot's decision once.
func TestMultiSlotEvent(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var r, again multiRanked
	s.get(&r, 201, "POST", personalizer+"/multislot/rank", pages("one"))
	before := len(s.Records())
	s.get(&again, 201, "POST", personalizer+"/multislot/rank", pages("one"))
	if fmt.Sprint(r) != fmt.Sprint(again) || len(s.Records()) != before {
		t.Errorf("a repeat answers %v, before %v, and records %d more", again, r, len(s.Records())-before)
	}
	for name, body := range map[string]string{
		"other features": strings.Replace(pages("one"), "large", "small", 1),
		"another slot":   strings.Replace(pages("one"), `"foot"`, `"fool"`, 1),
	} {
		if w := s.ask("POST", personalizer+"/multislot/rank", body); w.Code != 409 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := s.ask("POST", personalizer+"/rank", `{"eventId":"one",`+actions(2)[1:]); w.Code != 409 {
		t.Errorf("a single decision of the event answers %d", w.Code)
	}
	s.get(nil, 201, "POST", personalizer+"/rank", `{"eventId":"single",`+actions(2)[1:])
	if w := s.ask("POST", personalizer+"/multislot/rank", pages("single")); w.Code != 409 {
		t.Errorf("slots under the event of a single decision answer %d", w.Code)
	}
	for _, one := range r.Slots {
		var replayed struct{ Agrees bool }
		if s.get(&replayed, 200, "POST", "/v1/decisions/one:"+one.ID+"/replay", ""); !replayed.Agrees {
			t.Errorf("%s does not replay", one.ID)
		}
	}
	reward := func(body string) int {
		return s.ask("POST", personalizer+"/multislot/events/one/reward", body, header("x-ms-client-request-id", "r")).Code
	}
	for _, bad := range []string{
		`{}`, `{"reward":[]}`, `{"reward":[{"slotId":"top","value":2}]}`, `{"reward":[{"slotId":"top"}]}`, `{"reward":[{"slotId":"elsewhere","value":1}]}`,
		`{"reward":[{"slotId":"top","value":1},{"slotId":"top","value":0}]}`, `{"reward":[{"value":1}]}`, `{"reward":[{"slotId":"top","value":1},{"slotId":"side","value":-1.5}]}`,
	} {
		if status := reward(bad); status != 400 {
			t.Errorf("%s answers %d", bad, status)
		}
	}
	for range 2 {
		if status := reward(`{"reward":[{"slotId":"foot","value":1},{"slotId":"top","value":-0.5}]}`); status != 204 {
			t.Errorf("rewards answer %d", status)
		}
	}
	var told []string
	for _, rec := range s.Records() {
		if o := rec.GetOutcome(); o != nil {
			told = append(told, fmt.Sprint(o.EventId, " ", o.Item, " ", o.Value, " ", o.JoinedBy))
		}
	}
	want := []string{"one:foot " + r.Slots[2].RewardActionID + " 1 event", "one:top " + r.Slots[0].RewardActionID + " -0.5 event"}
	if !slices.Equal(told, want) {
		t.Errorf("told are %q, want %q", told, want)
	}
}

// TestMultiSlotActivation: what is deferred counts from its activation on, in every
// slot, also after a restart.
func TestMultiSlotActivation(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var r multiRanked
	s.get(&r, 201, "POST", "/personalizer/v1.1-preview.3/multislot/rank", strings.Replace(pages("later"), `{"eventId"`, `{"deferActivation":true,"eventId"`, 1))
	activated := func() (n int) {
		for _, one := range r.Slots {
			var d struct{ Activated bool }
			if s.get(&d, 200, "GET", "/v1/decisions/later:"+one.ID, ""); d.Activated {
				n++
			}
		}
		return n
	}
	if n := activated(); n != 0 {
		t.Errorf("%d slots count before they are shown", n)
	}
	s.Crash()
	s.api = serve(t, s.Node, localapi.Options{})
	for range 2 {
		s.get(nil, 204, "POST", personalizer+"/multislot/events/later/activate", "")
	}
	if n := activated(); n != 3 {
		t.Errorf("%d of 3 slots count", n)
	}
	if w := s.ask("POST", personalizer+"/multislot/events/never/activate", ""); w.Code != 404 {
		t.Errorf("an unknown event answers %d", w.Code)
	}
}

// TestMultiSlotRefusals are made before anything is recorded.
func TestMultiSlotRefusals(t *testing.T) {
	s := newSite(t, localapi.Options{})
	before := len(s.Records())
	for _, bad := range []string{
		`{"actions":[{"id":"a"}]}`,
		`{"actions":[{"id":"a"}],"slots":[{"id":"x","baselineAction":"a"},{"id":"y","baselineAction":"a"}]}`,
		`{"actions":[{"id":"a"},{"id":"b"}],"slots":[{"id":"x","baselineAction":"a"},{"id":"x","baselineAction":"b"}]}`,
		`{"actions":[{"id":"a"}],"slots":[{"id":"x"}]}`,
		`{"actions":[{"id":"a"}],"slots":[{"id":"x","baselineAction":"c"}]}`,
		`{"actions":[{"id":"a"}],"slots":[{"id":"","baselineAction":"a"}]}`,
		`{"actions":[{"id":"a"},{"id":"b"}],"slots":[{"id":"x","baselineAction":"a","excludedActions":["a"]}]}`,
		`{"eventId":"` + strings.Repeat("e", 250) + `","actions":[{"id":"a"}],"slots":[{"id":"slot-eleven","baselineAction":"a"}]}`,
	} {
		var e struct {
			Error struct{ Code, Message string }
		}
		if s.get(&e, 400, "POST", personalizer+"/multislot/rank", bad); e.Error.Code != "InvalidRankRequest" {
			t.Errorf("%s: %+v", bad, e)
		}
	}
	if n := len(s.Records()); n != before {
		t.Errorf("%d records were made of refused requests", n-before)
	}
	// A slot that those before it leave nothing stays empty.
	var r multiRanked
	for i := range 40 {
		s.get(&r, 201, "POST", personalizer+"/multislot/rank", fmt.Sprintf(`{"eventId":"x%d","actions":[{"id":"a"},{"id":"b"}],"slots":[{"id":"x","baselineAction":"a"},{"id":"y","excludedActions":["b"],"baselineAction":"a"}]}`, i))
		if first, second := r.Slots[0].RewardActionID, r.Slots[1].RewardActionID; (first == "a") != (second == "") {
			t.Errorf("%q and %q", first, second)
		}
	}
}

// TestLearningModes: an apprentice serves each slot's baseline with certainty and
// records what it would have shown if it may; a slot that only logs records no
// choice of its own.
func TestLearningModes(t *testing.T) {
	for mode, shadows := range map[string]bool{"apprentice": true, "logging_only": false} {
		s := newSite(t, localapi.Options{})
		withMode := strings.Replace(slots, "    baseline: order\n", "    baseline: order\n    mode: "+mode+"\n", 1)
		s.Use(nodetest.Files(t, nodetest.Slots(withMode), rules, nodetest.Features, map[string]func(*scoring.Linear){"personalizer": nodetest.Random(7)}))
		shadowed := 0
		for i := range 60 {
			event := fmt.Sprint(mode, i)
			var r multiRanked
			s.get(&r, 201, "POST", personalizer+"/multislot/rank", pages(event))
			if got := r.Slots[0].RewardActionID + r.Slots[1].RewardActionID + r.Slots[2].RewardActionID; got != "a0a1a2" {
				t.Fatalf("%s serves %s", mode, got)
			}
			for k, one := range r.Slots {
				var d struct {
					Probability float64
					Baseline    bool
					Shadow      string
				}
				s.get(&d, 200, "GET", "/v1/decisions/"+event+":"+one.ID, "")
				if d.Probability != 1 || !d.Baseline || (d.Shadow != "") != shadows {
					t.Fatalf("%s records %+v", mode, d)
				}
				if taken := []string{"", "a0", "a0a1"}[k]; d.Shadow != "" && strings.Contains(taken, d.Shadow) {
					t.Errorf("the shadow of %s stands above it: %s", one.ID, d.Shadow)
				}
				if d.Shadow != "" && d.Shadow != one.RewardActionID {
					shadowed++
				}
				var replayed struct{ Agrees bool }
				if s.get(&replayed, 200, "POST", "/v1/decisions/"+event+":"+one.ID+"/replay", ""); !replayed.Agrees {
					t.Errorf("%s does not replay", one.ID)
				}
			}
			var single ranked
			s.get(&single, 201, "POST", personalizer+"/rank", fmt.Sprintf(`{"eventId":"s%d",`, i)+actions(3)[1:])
			if single.RewardActionID != "a0" || single.Ranking[0].Probability != 1 {
				t.Errorf("%s serves %+v", mode, single)
			}
		}
		if shadows && shadowed == 0 {
			t.Error("an apprentice never would have shown another")
		}
	}
}
