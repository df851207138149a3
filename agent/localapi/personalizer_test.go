package localapi_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/localapi"
)

type ranked struct {
	EventID, RewardActionID string
	Ranking                 []struct {
		ID          string
		Probability float64
	}
}

const personalizer = "/personalizer/v1.0"

func actions(n int, excluded ...string) string {
	var b strings.Builder
	b.WriteString(`{"contextFeatures":[{"time":"noon"}],"actions":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"a%d","features":[{"n":%d}]}`, i, i)
	}
	b.WriteString(`]`)
	if len(excluded) > 0 {
		fmt.Fprintf(&b, `,"excludedActions":["%s"]`, strings.Join(excluded, `","`))
	}
	return b.String() + "}"
}

// TestRankStatesItsDistribution: whatever the number of actions, and whichever of
// them is drawn, the probabilities are the same, sum to one, and come true. The
// events' names seed the draws, so that a test that passes goes on to.
func TestRankStatesItsDistribution(t *testing.T) {
	s := newSite(t, localapi.Options{})
	for _, n := range []int{1, 2, 15, 16, 17, 40} {
		const rounds = 600
		drawn, stated := map[string]int{}, map[string]float64{}
		for round := range rounds {
			var r ranked
			event := fmt.Sprintf(`{"eventId":"%d-%d",`, n, round)
			s.get(&r, 201, "POST", personalizer+"/rank", event+actions(n, "a3")[1:])
			sum := 0.0
			for i, a := range r.Ranking {
				sum += a.Probability
				if was, ok := stated[a.ID]; ok && was != a.Probability {
					t.Fatalf("of %d, %s has %v, and had %v", n, a.ID, a.Probability, was)
				}
				if stated[a.ID] = a.Probability; i > 1 && a.Probability > r.Ranking[i-1].Probability {
					t.Fatalf("of %d the order is %v", n, r.Ranking)
				}
			}
			if len(r.Ranking) != n || math.Abs(sum-1) > 1e-9 || r.Ranking[0].ID != r.RewardActionID || n > 3 && stated["a3"] != 0 {
				t.Fatalf("of %d: %+v sums to %v", n, r, sum)
			}
			drawn[r.RewardActionID]++
		}
		chi := 0.0
		for id, p := range stated {
			if p > 0 {
				d := float64(drawn[id]) - p*rounds
				chi += float64(d*d) / (p * rounds)
			} else if drawn[id] > 0 {
				t.Errorf("of %d, %s was drawn against its probability", n, id)
			}
		}
		if limit := float64(n) + 6*math.Sqrt(2*float64(n)); chi > limit { // far beyond 0.999
			t.Errorf("of %d, what was drawn does not fit what was stated: chi-squared %.1f", n, chi)
		}
		if n > 1 && stated["a0"] <= stated["a1"] {
			t.Errorf("of %d the first is not the baseline: %v", n, stated)
		}
	}
}

func TestRewards(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var r ranked
	s.get(&r, 201, "POST", personalizer+"/rank", actions(3))
	reward := func(body string, with ...func(*http.Request)) int {
		t.Helper()
		return s.ask("POST", personalizer+"/events/"+r.EventID+"/reward", body, with...).Code
	}
	// A client that did not hear the answer asks again under the same request id.
	for range 2 {
		if status := reward(`{"value":0.5}`, header("x-ms-client-request-id", "once")); status != 204 {
			t.Errorf("a reward answers %d", status)
		}
	}
	if status := reward(`{"value":-1}`, header("x-ms-client-request-id", "another")); status != 204 {
		t.Errorf("a second reward answers %d", status)
	}
	for _, bad := range []string{`{"value":1.1}`, `{"value":-2}`, `{}`, `{"value":"x"}`, `{"value":null}`} {
		if status := reward(bad); status != 400 {
			t.Errorf("%s answers %d", bad, status)
		}
	}
	var told []string
	for _, rec := range s.Records() {
		if o := rec.GetOutcome(); o != nil {
			told = append(told, fmt.Sprintf("%s %v %s", o.Item, o.Value, o.JoinedBy))
		}
	}
	want := []string{r.RewardActionID + " 0.5 event", r.RewardActionID + " -1 event"}
	if !slices.Equal(told, want) {
		t.Errorf("recorded are %q, want %q", told, want)
	}
	// A reward for an event that is not known here is kept, for the centre may know it.
	if w := s.ask("POST", personalizer+"/events/elsewhere/reward", `{"value":1}`); w.Code != 204 {
		t.Errorf("a reward for an unknown event answers %d", w.Code)
	}
}

// TestPersonalizerErrors have the form that its clients read, whatever went wrong.
func TestPersonalizerErrors(t *testing.T) {
	s := newSite(t, localapi.Options{Personalizer: localapi.Personalizer{Key: "sesame"}})
	key := header("Ocp-Apim-Subscription-Key", "sesame")
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
		with               func(*http.Request)
	}{
		"no key":                  {"POST", "/rank", actions(2), 401, "401", header("X", "y")},
		"another key":             {"POST", "/rank", actions(2), 401, "401", header("Ocp-Apim-Subscription-Key", "open")},
		"malformed":               {"POST", "/rank", `{"actions":`, 400, "InvalidRankRequest", key},
		"no actions":              {"POST", "/rank", `{"actions":[]}`, 400, "InvalidRankRequest", key},
		"a long event id":         {"POST", "/rank", strings.Replace(actions(2), `{"c`, `{"eventId":"`+strings.Repeat("e", 300)+`","c`, 1), 400, "InvalidRankRequest", key},
		"features that are none":  {"POST", "/rank", `{"actions":[{"id":"a","features":["x"]}]}`, 400, "InvalidRankRequest", key},
		"all excluded":            {"POST", "/rank", actions(1, "a0"), 400, "InvalidRankRequest", key},
		"an unknown event":        {"POST", "/events/never/activate", "", 404, "InvalidEventIdToActivate", key},
		"a reward out of range":   {"POST", "/events/e/reward", `{"value":2}`, 400, "InvalidRewardRequest", key},
		"another path":            {"GET", "/evaluations", "", 404, "ResourceNotFound", key},
		"another method":          {"GET", "/rank", "", 405, "InvalidRankRequest", key},
		"slots come from central": {"PUT", "/configurations/service", `{}`, 403, "OperationNotAllowed", key},
		"another type":            {"POST", "/rank", actions(2), 415, "InvalidRankRequest", header("Content-Type", "text/plain")},
		"a foreign page":          {"POST", "/rank", actions(2), 403, "InvalidRankRequest", header("Origin", "https://evil.example")},
	} {
		var e struct {
			Error struct{ Code, Message string }
		}
		s.get(&e, c.status, c.method, personalizer+c.path, c.body, c.with)
		if e.Error.Code != c.code || e.Error.Message == "" {
			t.Errorf("%s: %+v, want %s", name, e, c.code)
		}
		if name == "slots come from central" && !strings.Contains(e.Error.Message, "slots.yaml") {
			t.Errorf("it does not say where: %s", e.Error.Message)
		}
	}
	var r ranked
	s.get(&r, 201, "POST", "/personalizer/v1.1-preview.3/rank", actions(2), key)
}

// TestNestedFeatures become flat ones, and a repeat of the request is the same.
func TestNestedFeatures(t *testing.T) {
	s := newSite(t, localapi.Options{})
	body := `{"eventId":"n1","contextFeatures":[{"user":{"age":3,"tags":["x","y"],"vip":true,"none":null}},{"list":[{"z":1}]}],"actions":[{"id":"a","features":[{"b":{"c":"d"}}]},{"id":"b"}],"unknown":1}`
	var a, b ranked
	s.get(&a, 201, "POST", personalizer+"/rank", body)
	s.get(&b, 201, "POST", personalizer+"/rank", body)
	if a.RewardActionID != b.RewardActionID {
		t.Errorf("a repeat answers %s, before %s", b.RewardActionID, a.RewardActionID)
	}
	if w := s.ask("POST", personalizer+"/rank", strings.Replace(body, `"age":3`, `"age":4`, 1)); w.Code != 409 {
		t.Errorf("another request of that event answers %d", w.Code)
	}
}
