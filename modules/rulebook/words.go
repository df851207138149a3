package rulebook

import (
	"fmt"
	"strings"
)

// Words are what reasons are made of in one language. {it} stands for what people
// call a feature; a cross is {it} of both, With between them.
type Words struct {
	Language    string `yaml:"language" check:"required,min=2,max=2"` // ISO 639-1
	For         string `yaml:"for" check:"required,min=1,max=128"`
	Against     string `yaml:"against" check:"required,min=1,max=128"`
	With        string `yaml:"with" check:"required,min=1,max=32"`
	Order       string `yaml:"order" check:"required,min=1,max=128"`       // no model scored
	Exploration string `yaml:"exploration" check:"required,min=1,max=128"` // another one had a higher score
	Pinned      string `yaml:"pinned" check:"required,min=1,max=128"`
	Offer       string `yaml:"offer" check:"required,min=1,max=128"`
	Price       string `yaml:"price" check:"required,min=1,max=256"`  // what is known of a person made it
	Person      string `yaml:"person" check:"required,min=1,max=128"` // what they agreed to was used
	Nobody      string `yaml:"nobody" check:"required,min=1,max=128"` // nothing of a person was
}

var builtIn = []Words{
	{
		Language: "en", For: "{it} speaks for it", Against: "{it} speaks against it", With: " with ",
		Order: "stands here by the order of the slot: no model scored it", Exploration: "shown to learn whether people like it",
		Pinned: "placed here by the shop", Offer: "on offer",
		Price:  "a personal price: it was worked out automatically from what you agreed to share",
		Person: "uses what you agreed to share", Nobody: "uses nothing about you",
	},
	{
		Language: "de", For: "{it} spricht dafür", Against: "{it} spricht dagegen", With: " mit ",
		Order: "steht hier nach der Reihenfolge des Platzes: kein Modell hat es bewertet", Exploration: "wird gezeigt, um zu erfahren, ob es gefällt",
		Pinned: "vom Geschäft hier platziert", Offer: "im Angebot",
		Price:  "ein persönlicher Preis: er wurde automatisch aus dem ermittelt, was Sie freigegeben haben",
		Person: "nutzt, was Sie freigegeben haben", Nobody: "nutzt nichts über Sie",
	},
}

// WordsOf are those of a language, as "de" or "de-AT"; English where there are none.
func (b *Rulebook) WordsOf(language string) Words {
	if len(language) >= 2 {
		language = strings.ToLower(language[:2])
	}
	for _, all := range [][]Words{b.Words, builtIn} {
		for _, w := range all {
			if w.Language == language {
				return w
			}
		}
	}
	return builtIn[0]
}

func (f *featuresFile) validateWords(d *decoder) {
	unique(d, "words", f.Words, func(w Words) string { return w.Language })
	for i := range f.Words {
		at := fmt.Sprintf("words[%d]", i)
		if !d.sound(at + ".") {
			continue
		}
		if !isLanguage(f.Words[i].Language) {
			d.fault(at+".language", "must be two small letters, as en")
		}
		for key, text := range map[string]string{"for": f.Words[i].For, "against": f.Words[i].Against} {
			if !strings.Contains(text, "{it}") {
				d.fault(at+"."+key, "must say where the feature's name stands, as {it}")
			}
		}
	}
	for i := range f.Features {
		for language, text := range f.Features[i].Text {
			at := fmt.Sprintf("features[%d].text.%s", i, language)
			if !isLanguage(language) {
				d.fault(at, "the language must be two small letters, as en")
			} else if text == "" || len(text) > 64 {
				d.fault(at, "must be 1 to 64 bytes")
			}
		}
	}
}

func isLanguage(s string) bool {
	return len(s) == 2 && s[0] >= 'a' && s[0] <= 'z' && s[1] >= 'a' && s[1] <= 'z'
}
