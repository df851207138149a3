package localapi_test

import (
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// The header Accept-Language, by its weights, and the parameter language choose the
// words of answers, batches and why-not.
func TestLanguageOverHTTP(t *testing.T) {
	s := newSite(t, localapi.Options{})
	german := header("Accept-Language", "it, en;q=0.2, de-AT;q=0.7")
	var a ranking.Answer
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"e","explain":true}`, german)
	if a.Language != "de" || a.Basis.Text != "nutzt nichts über Sie" {
		t.Errorf("told in %q: %q", a.Language, a.Basis.Text)
	}
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","explain":true,"language":"en-GB"}`, german)
	if a.Language != "en" {
		t.Errorf("told in %q", a.Language)
	}
	a = ranking.Answer{}
	if s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero"}`, german); a.Language != "" {
		t.Errorf("told in %q, though nobody asked for reasons", a.Language)
	}
	var all localapi.Results
	if s.get(&all, 200, "POST", "/v1/decide:batch", `[{"slot":"hero","explain":true}]`, german); all.Results[0].Answer.Language != "de" {
		t.Errorf("told in %q", all.Results[0].Answer.Language)
	}
	for path, want := range map[string]string{"": "es stand nicht zur Wahl", "?language=en": "the catalogue has no such item"} {
		var w ranking.WhyNot
		if s.get(&w, 200, "GET", "/v1/decisions/e/why-not/unheard-of"+path, "", german); !strings.HasPrefix(w.Text, want) {
			t.Errorf("%s: %q in %s, want %q", path, w.Text, w.Language, want)
		}
	}
}

// A page says beside a personal price that it is one, in the reader's language, and
// beside no other.
func TestPersonalPricesInPages(t *testing.T) {
	s := newSite(t, localapi.Options{})
	files := nodetest.Files(t, nodetest.Slots(nodetest.Slot), "version: 0\nrules: []\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nil})
	files["offers.csv"] = []byte("id,kind,target,percent,condition\no,category,dept1,20,\"{\"\"profile.taste\"\": \"\"sweet\"\"}\"\n")
	s.Use(files)
	grant(t, s, "p", wire.PersonalisedOffers, wire.ProfileBuilding, wire.DeviceStorage)
	s.Know("p", "taste", "sweet")
	const note = `<small class="note">ein persönlicher Preis`
	for card, want := range map[string]bool{"p": true, "stranger": false} {
		body := s.ask("GET", "/fragments/hero?count=20", "", cookie("card", card), header("Accept-Language", "de")).Body.String()
		if n := strings.Count(body, note); n != strings.Count(body, `class="was"`) || (n > 0) != want {
			t.Errorf("%s is told of %d personal prices in\n%s", card, n, body)
		}
	}
}
