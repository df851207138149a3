package rulebook_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

// A header's ranges come in the order of their weights; what is not wanted, or can't be
// read, does not come.
func TestLanguagesOfAHeader(t *testing.T) {
	for header, want := range map[string][]string{
		"":                                   nil,
		"de-AT":                              {"de-AT"},
		"fr-CH, fr;q=0.9, en;q=0.8, de;q=.7": {"fr-CH", "fr", "en", "de"},
		"da, en-gb;q=0.8 , en; q = 0.9":      {"da", "en", "en-gb"},
		"*;q=0.5, nl;q=0, pl;q=x, cs;v=1":    {"cs", "*"},
		",,;q=1, it":                         {"it"},
		strings.Repeat("x,", 5000):           strings.Split(strings.Repeat("x,", 31)+"x", ","),
	} {
		if diff := cmp.Diff(want, rulebook.Languages(header)); diff != "" {
			t.Errorf("%.40q: %s", header, diff)
		}
	}
}

// Words are found by the lookup of RFC 4647: of the first range that there are words
// for, in the longest of its forms, the file's before ours; English at last.
func TestLanguageIsLookedUp(t *testing.T) {
	book := &rulebook.Rulebook{Words: []rulebook.Words{
		{Language: "de-CH", Offer: "Aktion"}, {Language: "zh-Hant", Offer: "優惠"}, {Language: "fr", Offer: "promotion"}, {Language: "pt-BR", Offer: "promoção"},
	}}
	for ranges, want := range map[string]string{
		"":                     "en",
		"de":                   "de",
		"de-CH":                "de-CH",
		"DE-ch":                "de-CH",
		"de_CH":                "de-CH",
		"de-CH-1996":           "de-CH",
		"de-AT":                "de",
		"zh-Hant-CN-x-private": "zh-Hant", // RFC 4647, section 3.4
		"zh-Hant-x-a":          "zh-Hant",
		"zh":                   "en",
		"pt":                   "en", // no range finds what is more than it asks for
		"pt-BR":                "pt-BR",
		"it fr de":             "fr",
		"* de":                 "de",
		"gsw-CH":               "en",
		"deu":                  "en",
		"d":                    "en",
		"-":                    "en",
		"it es-ES":             "en",
	} {
		if got := book.WordsOf(strings.Fields(ranges)...).Language; got != want {
			t.Errorf("%q is told in %s, want %s", ranges, got, want)
		}
	}
	texts := rulebook.Texts{"en": "weather", "de": "das Wetter", "de-CH": "s Wetter"}
	for language, want := range map[string]string{"de-CH": "s Wetter", "de-ch-1996": "s Wetter", "de-AT": "das Wetter", "fr": "", "en": "weather"} {
		if got := texts.In(language); got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
}

// Where the words of a file have no text of why-not, ours of the language have, and
// there is a German one for every rule and verdict.
func TestTextsOfWhyNot(t *testing.T) {
	book := &rulebook.Rulebook{Words: []rulebook.Words{{Language: "de-CH", Rules: rulebook.RuleTexts{"stock": "ausverkauft"}}, {Language: "fr"}}}
	swiss, french, english := book.WordsOf("de-CH"), book.WordsOf("fr"), book.WordsOf("en")
	if swiss.RuleText("stock") != "ausverkauft" || swiss.RuleText("cap") != "es wurde oft genug gezeigt" || !strings.Contains(swiss.VerdictText("removed"), "{rule}") {
		t.Errorf("%q %q %q", swiss.RuleText("stock"), swiss.RuleText("cap"), swiss.VerdictText("removed"))
	}
	if french.RuleText("stock") != "" || english.RuleText("stock") != "" || english.VerdictText("removed") != "" {
		t.Error("what has no text has one")
	}
	schema := string(rulebook.Schema("features.yaml"))
	for _, key := range []string{"stock", "active", "margin", "price", "exclude", "avoid", "needs", "age", "sensitive", "cap", "suppress", "limit", "separate", "hold", "offer", "excluded", "fulfilment"} {
		if swiss.RuleText(key) == "" || !strings.Contains(schema, `"`+key+`"`) {
			t.Errorf("%s has no German text, or is not in the schema", key)
		}
	}
	for _, key := range []string{"shown", "not_drawn", "not_scored", "removed", "likely", "some", "not_candidate", "unknown"} {
		if swiss.VerdictText(key) == "" {
			t.Errorf("%s has no German text", key)
		}
	}
	for _, key := range []string{"pin", "rule", "and", "never", "later", "pool", "or", "promoted", "taste", "tier", "budget"} {
		if de, en := swiss.KeptText(key), english.KeptText(key); de == "" || de == en || french.KeptText(key) != en || !strings.Contains(schema, `"`+key+`"`) {
			t.Errorf("%s is %q in German and %q in English, or is not in the schema", key, de, en)
		}
	}
	for _, key := range []string{"items", "release", "request", "counted"} {
		if de, en := swiss.UnknownText(key), english.UnknownText(key); de == "" || de == en || french.UnknownText(key) != en || !strings.Contains(schema, `"`+key+`"`) {
			t.Errorf("%s is %q in German and %q in English, or is not in the schema", key, de, en)
		}
	}
	own := rulebook.Words{Language: "de", Kept: rulebook.KeptTexts{"pin": "da steht {it}"}, Unknown: rulebook.UnknownTexts{"items": "alles neu"}}
	if own.KeptText("pin") != "da steht {it}" || own.UnknownText("items") != "alles neu" {
		t.Error("a file's own text is not said")
	}
}

// A slot speaks a language that there are words for.
func TestLanguageOfASlot(t *testing.T) {
	for language, want := range map[string]string{"de": "", "de-AT": "", "fr": "has no words", "Deutsch": "has no words", "e": "at least 2"} {
		_, err := parseGroups(slotsWith("    language: "+language+"\n"), "version: 0\nrules: []\n")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "slots.yaml:7: slots[0].language: ") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", language, err)
		}
	}
}
