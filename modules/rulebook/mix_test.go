package rulebook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

const mixedSlot = `version: 0
salt: 3f00112233445566778899aabbccddeeff00112233445566778899aabbccddee
slots:
  - id: hero
    kind: offer
    reward: {weights: {click: 1}}
    mix: {source: profile.purchases, purpose: personalised_offers, ttl: 8760h}
    diversity: {mmr: 0.7}
`

func parseMixed(slots string) (*rulebook.Rulebook, error) {
	return rulebook.Parse(rulebook.Files{
		Slots: []byte(slots), Rules: []byte("version: 0\nrules: []\n"), Features: []byte("version: 0\nfeatures: []\n"),
		Purpose: func(p string) bool { return p == "personalised_offers" },
	})
}

func TestMixAndDiversity(t *testing.T) {
	book, err := parseMixed(mixedSlot)
	if err != nil {
		t.Fatal(err)
	}
	want := rulebook.Mix{Personas: 3, Source: "profile.purchases", Purpose: "personalised_offers", TTL: 8760 * time.Hour}
	if d := cmp.Diff(want, *book.Slots[0].Mix); d != "" || book.Slots[0].Mix.Field() != "purchases" || book.Slots[0].Diversity.MMR != 0.7 {
		t.Error(d, book.Slots[0].Diversity)
	}
	plain, err := parseMixed(mixedSlot[:strings.Index(mixedSlot, "    mix")])
	if err != nil || plain.Embeds() || !book.Embeds() {
		t.Errorf("needs vectors: %v; %v", plain.Embeds(), err)
	}
	for change, fault := range map[[2]string]string{
		{"source: profile.purchases, ", ""}:                "slots.yaml:7: slots[0].mix.source: is missing",
		{"profile.purchases", "context.purchases"}:         "slots.yaml:7: slots[0].mix.source: must be profile. and the name of a field",
		{"profile.purchases", "profile."}:                  "slots.yaml:7: slots[0].mix.source: must be profile. and",
		{", purpose: personalised_offers", ""}:             "slots.yaml:7: slots[0].mix.purpose: is missing",
		{"purpose: personalised_offers", "purpose: sales"}: "slots.yaml:7: slots[0].mix.purpose: is no known purpose",
		{"{source", "{personas: 5, source"}:                "slots.yaml:7: slots[0].mix.personas: must be at most 4",
		{"{source", "{personas: 1, source"}:                "slots.yaml:7: slots[0].mix.personas: must be at least 2",
		{"0.7", "0"}:                                       "slots.yaml:8: slots[0].diversity.mmr: must be above 0",
		{"0.7", "1.1"}:                                     "slots.yaml:8: slots[0].diversity.mmr: must be at most 1",
		{"{mmr: 0.7}", "{}"}:                               "slots.yaml:8: slots[0].diversity.mmr: is missing",
	} {
		if _, err := parseMixed(strings.Replace(mixedSlot, change[0], change[1], 1)); err == nil || !strings.HasPrefix(err.Error(), fault) {
			t.Errorf("%q: %v; want %s", change[1], err, fault)
		}
	}
}
