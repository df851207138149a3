package rulebook

import (
	"fmt"
	"slices"
	"strings"
)

// Words are what reasons are made of in one language. {it} stands for what people
// call a feature; a cross is {it} of both, With between them.
type Words struct {
	Language    string `yaml:"language" check:"required,min=2,max=35"` // a tag of BCP 47, as de or de-AT
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

	// What why-not says; where they have nothing our own words do, of rules and verdicts
	// in English with the numbers of rule and item.
	Rules    RuleTexts    `yaml:"rules"`
	Verdicts VerdictTexts `yaml:"verdicts"`
	Kept     KeptTexts    `yaml:"kept"`
	Unknown  UnknownTexts `yaml:"unknown"`
}

var builtIn = []Words{
	{
		Language: "en", For: "{it} speaks for it", Against: "{it} speaks against it", With: " with ",
		Order: "stands here by the order of the slot: no model scored it", Exploration: "shown to learn whether people like it",
		Pinned: "placed here by the shop", Offer: "on offer",
		Price:  "a personal price: it was worked out automatically from what you agreed to share",
		Person: "uses what you agreed to share", Nobody: "uses nothing about you",
		Kept: KeptTexts{
			"pin":  "position {position} is pinned to {it}",
			"rule": "it could be shown, but not beside {beside} in this answer: {it}", "and": " and ",
			"never": "{it} (rule {rule})", "later": "{verdict}; from position {position} on {it} (rule {rule})",
			"pool": "position {position} was drawn from others: {it}", "or": ", or ",
			"promoted": "those that are promoted", "taste": "those of one taste of the person's",
			"tier": "those whose offers have a higher priority", "budget": "those that the budgets of their offers still last for",
		},
		Unknown: UnknownTexts{
			"items":   "items changed since; what the rules ask of them is told as of now",
			"release": "the release or the items have changed since, and the record names only what was weighed",
			"request": "what the request and the person said to these rules, and what was in stock",
			"counted": "removed {count} candidates",
		},
	},
	{
		Language: "de", For: "{it} spricht dafür", Against: "{it} spricht dagegen", With: " und dazu ",
		Order: "steht hier nach der Reihenfolge des Platzes: kein Modell hat es bewertet", Exploration: "wird gezeigt, um zu erfahren, ob es gefällt",
		Pinned: "vom Geschäft hier platziert", Offer: "im Angebot",
		Price:  "ein persönlicher Preis: er wurde automatisch aus dem ermittelt, was Sie freigegeben haben",
		Person: "nutzt, was Sie freigegeben haben", Nobody: "nutzt nichts über Sie",
		Rules: RuleTexts{
			"stock": "davon ist nicht genug da", "active": "es ist nicht im Verkauf", "margin": "es brächte zu wenig ein",
			"price": "sein Preis liegt tiefer, als er darf", "exclude": "es ist hier ausgeschlossen",
			"avoid": "es enthält, was vermieden werden soll, oder das ist nicht bekannt",
			"needs": "ihm fehlt, was es haben soll, oder das ist nicht bekannt",
			"age":   "es ist erst ab einem Alter, das hier nicht belegt ist", "sensitive": "es wird nur gezeigt, wem das ausdrücklich recht ist",
			"cap": "es wurde oft genug gezeigt", "suppress": "vor Kurzem geschah damit etwas, nach dem es nicht gezeigt wird",
			"limit": "von seiner Art steht schon genug in der Antwort", "separate": "ein Wettbewerber steht schon in der Antwort",
			"hold": "davon ist nicht genug frei, um es zurückzulegen", "offer": "es steht hier nur mit einem Angebot, und keines galt",
			"excluded": "die Anfrage schloss es aus, oder es steht schon daneben", "fulfilment": "es kommt nicht auf dem Weg, nach dem gefragt war",
		},
		Verdicts: VerdictTexts{
			"shown": "es wurde gezeigt", "not_drawn": "es hätte gezeigt werden dürfen; andere wurden gezogen",
			"not_scored": "die Zeit reichte nicht, es zu bewerten; andere wurden gezogen",
			"removed":    "die Regel {rule} hat es entfernt: {it}", "likely": "wahrscheinlich hat die Regel {rule} es entfernt: {it}",
			"some": "eine Regel hat es entfernt; welche, ist nicht mehr bekannt", "not_candidate": "es stand nicht zur Wahl",
			"unknown": "was daraus wurde, ist nicht mehr bekannt",
		},
		Kept: KeptTexts{
			"pin":  "Platz {position} ist fest mit {it} belegt",
			"rule": "es dürfte gezeigt werden, aber in dieser Antwort nicht neben {beside}: {it}", "and": " und ",
			"never": "{it} (Regel {rule})", "later": "{verdict}; ab Platz {position}: {it} (Regel {rule})",
			"pool": "Platz {position} wurde aus anderen gezogen: {it}", "or": ", oder ",
			"promoted": "denen, die beworben werden", "taste": "denen eines Geschmacks der Person",
			"tier": "denen, deren Angebote Vorrang haben", "budget": "denen, für deren Angebote das Budget noch reicht",
		},
		Unknown: UnknownTexts{
			"items":   "Artikel haben sich seither geändert; was die Regeln von ihnen wissen wollen, ist der Stand von heute",
			"release": "das Release oder die Artikel haben sich seither geändert, und der Eintrag nennt nur, was gewogen wurde",
			"request": "was die Anfrage und die Person zu diesen Regeln sagten, und was vorrätig war",
			"counted": "hat {count} Kandidaten entfernt",
		},
	},
}

// WordsOf are those of the first of some language ranges, as de-AT, that anybody has
// words for, by the lookup of RFC 4647: the file's before ours; English where none has.
func (b *Rulebook) WordsOf(ranges ...string) (w Words) {
	w = builtIn[0]
	for _, language := range append(slices.Clip(ranges), w.Language) {
		if lookUp(language, func(tag string) bool { return b.wordsOf(tag, &w) }) {
			break
		}
	}
	return w
}

func (b *Rulebook) wordsOf(tag string, into *Words) bool {
	for _, all := range [][]Words{b.Words, builtIn} {
		if i := slices.IndexFunc(all, func(w Words) bool { return fold(w.Language) == tag }); i >= 0 {
			*into = all[i]
			return true
		}
	}
	return false
}

func (f *featuresFile) validateWords(d *decoder) {
	unique(d, "words", f.Words, func(w Words) string { return fold(w.Language) })
	for i := range f.Words {
		at := fmt.Sprintf("words[%d]", i)
		if !d.sound(at + ".") {
			continue
		}
		if !isLanguage(f.Words[i].Language) {
			d.fault(at+".language", "must be a tag such as en or de-AT")
		}
		f.Words[i].validateTexts(d, at)
		for key, text := range map[string]string{"for": f.Words[i].For, "against": f.Words[i].Against} {
			if !strings.Contains(text, "{it}") {
				d.fault(at+"."+key, "must say where the feature's name stands, as {it}")
			}
		}
	}
	for i := range f.Features {
		f.Features[i].Text.validate(d, fmt.Sprintf("features[%d].text", i), 64)
	}
}
