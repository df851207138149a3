package ranking_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Reasons are told in the language that is asked for by itself, else in the context,
// else by the header, else in the slot's; what has no words is passed over.
func TestLanguageOfReasons(t *testing.T) {
	words := nodetest.Features + `words:
  - {language: fr, for: "{it} pour", against: "{it} contre", with: " avec ", order: ordre, exploration: essai, pinned: place, offer: promotion, price: prix personnel, person: votre accord, nobody: rien de vous}
`
	slot := func(language string) string { return nodetest.Slots(nodetest.Slot + language) }
	for i, c := range []struct {
		slot    string
		request ranking.Request
		context *features.Value
		want    string
	}{
		{"", ranking.Request{}, nil, "en"},
		{"de", ranking.Request{}, nil, "de"},
		{"de", ranking.Request{Language: "fr-CA"}, nil, "fr"},
		{"de", ranking.Request{Language: "it"}, nil, "de"},
		{"", ranking.Request{Language: "it, pl;q=0.5"}, nil, "en"},
		{"de", ranking.Request{Accepted: "it, en;q=0.3, fr;q=0.8"}, nil, "fr"},
		{"de", ranking.Request{Accepted: "en"}, &features.Value{Name: "language", Kind: features.Text, Text: "fr-BE"}, "fr"},
		{"de", ranking.Request{Accepted: "en"}, &features.Value{Name: "language", Kind: features.List, List: []string{"it", "fr"}}, "fr"},
		{"de", ranking.Request{Accepted: "en"}, &features.Value{Name: "language", Kind: features.Number, Number: 7}, "en"},
		{"de", ranking.Request{Language: "en", Accepted: "de"}, &features.Value{Name: "language", Kind: features.Text, Text: "fr"}, "en"},
	} {
		n := nodetest.New(t, nodetest.Options{})
		language := ""
		if c.slot != "" {
			language = "    language: " + c.slot + "\n"
		}
		n.Use(nodetest.Files(t, slot(language), noRules, words, map[string]func(*scoring.Linear){"hero": nil}))
		n.Put(nodetest.Items(5)...)
		c.request.Slot, c.request.EventID, c.request.Explain = "hero", "e", true
		if c.context != nil {
			c.request.Context = features.Values{*c.context}
		}
		nobody := map[string]string{"en": "uses nothing about you", "de": "nutzt nichts über Sie", "fr": "rien de vous"}[c.want]
		for _, when := range []string{"first", "again"} {
			if a := decide(t, n, c.request); a.Language != c.want || a.Basis.Text != nobody || len(a.Ignored) > 0 {
				t.Errorf("%d, %s: told in %q: %q, want %s", i, when, a.Language, a.Basis.Text, c.want)
			}
		}
		n.Close()
	}
}

// Why-not says what a rule's own text says in the language, else that of its kind, else
// in English what the rule found; so does its verdict.
func TestLanguageOfWhyNot(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	slot := strings.Replace(nodetest.Slot, "rules: []", "language: de", 1)
	rules := `
version: 0
rules:
  - {id: live, kind: active}
  - {id: brand, kind: exclude, brands: [brand1], text: {en: we sell no more of it, de: führen wir nicht mehr}}
  - {id: dear, kind: price, least: 1200}
`
	n.Use(nodetest.Files(t, nodetest.Slots(slot), rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nil}))
	items := nodetest.Items(40)
	items[2].Status = "hidden"
	n.Put(items...)
	n.Put(nodetest.Item("cheap", func(it *wire.Item) { it.Price.Amount = 100 }))
	a := decide(t, n, ranking.Request{Slot: "hero", EventID: "e"})
	for i, c := range []struct {
		item, languages, language, text string
	}{
		{"item-00001", "", "de", "die Regel brand hat es entfernt: führen wir nicht mehr"},
		{"item-00001", "en", "en", "the rule brand removed it: we sell no more of it"},
		{"item-00002", "", "de", "die Regel live hat es entfernt: es ist nicht im Verkauf"},
		{"item-00002", "it en", "en", "the rule live removed it: its status is hidden"},
		{"cheap", "de-AT", "de", "die Regel dear hat es entfernt: sein Preis liegt tiefer, als er darf"},
		{"cheap", "en", "en", "the rule dear removed it: its price is 100, its regular one 100; the rule asks for at least 1200"},
		{"unheard of", "de", "de", "es stand nicht zur Wahl"},
		{a.Items[0].ID, "", "de", "es wurde gezeigt"},
		{a.Items[0].ID, "en", "en", fmt.Sprintf("it was shown at position 1, with a probability of %.3g", a.Items[0].Probability)},
	} {
		w, err := n.Decider.WhyNot("e", c.item, strings.Fields(c.languages)...)
		if err != nil {
			t.Fatal(err)
		}
		if w.Text != c.text || w.Language != c.language {
			t.Errorf("%d: %s, in %s; want %s", i, w.Text, w.Language, c.text)
		}
		for _, r := range w.Rules {
			if r.First && !strings.HasSuffix(w.Text, r.Text) {
				t.Errorf("%d: the rule says %s", i, r.Text)
			}
		}
	}
}
