package rulebook

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// RuleTexts say of an item why a rule of a kind removes it; besides kinds of rules
// there are those of [removals].
type RuleTexts map[string]string

// VerdictTexts say what became of an item, by the verdicts of why-not; {rule} stands
// for the rule that removed it, {it} for what that says of the item. likely is said
// where another may have, some where nobody knows which.
type VerdictTexts map[string]string

// removals are what removes besides rules, as counts name it.
var removals = []string{"hold", "offer", "excluded", "fulfilment"}

func ruleTexts() []string {
	field, _ := fieldOf(Rule{}, "kind")
	return append(checkOf(field).enum, removals...)
}

func verdictTexts() []string {
	return []string{"shown", "not_drawn", "not_scored", "removed", "likely", "some", "not_candidate", "unknown"}
}

// RuleText is what of a rule's kind is said in the language of the words, "" if these
// have nothing.
func (w *Words) RuleText(kind string) string {
	if text := w.Rules[kind]; text != "" {
		return text
	}
	return ours(w.Language).Rules[kind]
}

// VerdictText is what is said of a verdict, likewise.
func (w *Words) VerdictText(verdict string) string {
	if text := w.Verdicts[verdict]; text != "" {
		return text
	}
	return ours(w.Language).Verdicts[verdict]
}

// ours are the built-in words of a language, or none.
func ours(language string) (w Words) {
	lookUp(language, func(tag string) bool {
		i := slices.IndexFunc(builtIn, func(w Words) bool { return w.Language == tag })
		if i >= 0 {
			w = builtIn[i]
		}
		return i >= 0
	})
	return w
}

func (w *Words) validateTexts(d *decoder, at string) {
	for part, known := range map[string][]string{"rules": ruleTexts(), "verdicts": verdictTexts()} {
		texts := map[string]string(w.Rules)
		if part == "verdicts" {
			texts = w.Verdicts
		}
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			at := fmt.Sprintf("%s.%s.%s", at, part, key)
			if !slices.Contains(known, key) {
				d.fault(at, "is none of "+strings.Join(known, ", "))
			} else if n := len(texts[key]); n == 0 || n > 256 {
				d.fault(at, "must be 1 to 256 bytes")
			}
		}
	}
}
