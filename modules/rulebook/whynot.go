package rulebook

import (
	"cmp"
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

// KeptTexts say why an item that was allowed could not stand at a position: pin, rule
// and pool by what keeps it, where {it} is the other item, what the rule says, or the
// others that were drawn from (promoted, taste, tier, budget, with or between them) and
// {beside} the items in the way, with and between them. never is said of a verdict
// where that was so at every position, later where it was so from {position} on.
type KeptTexts map[string]string

// UnknownTexts say what can't be known any more: the items of then, the release, or what
// the request said; and of a rule only how many it removed, as counted with {count}.
type UnknownTexts map[string]string

// removals are what removes besides rules, as counts name it.
var removals = []string{"hold", "offer", "excluded", "fulfilment"}

func ruleTexts() []string {
	field, _ := fieldOf(Rule{}, "kind")
	return append(checkOf(field).enum, removals...)
}

func verdictTexts() []string {
	return []string{"shown", "not_drawn", "not_scored", "removed", "likely", "some", "not_candidate", "unknown"}
}

func keptTexts() []string { return slices.Sorted(maps.Keys(builtIn[0].Kept)) }

func unknownTexts() []string { return slices.Sorted(maps.Keys(builtIn[0].Unknown)) }

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

// KeptText is what is said of a position that an item could not have, in English where
// the language has nothing.
func (w *Words) KeptText(what string) string {
	own := ours(w.Language)
	return cmp.Or(w.Kept[what], own.Kept[what], builtIn[0].Kept[what])
}

// UnknownText is what is said of what can't be known, likewise.
func (w *Words) UnknownText(what string) string {
	own := ours(w.Language)
	return cmp.Or(w.Unknown[what], own.Unknown[what], builtIn[0].Unknown[what])
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
	for _, part := range []struct {
		name  string
		texts map[string]string
		known []string
	}{
		{"rules", w.Rules, ruleTexts()}, {"verdicts", w.Verdicts, verdictTexts()},
		{"kept", w.Kept, keptTexts()}, {"unknown", w.Unknown, unknownTexts()},
	} {
		for _, key := range slices.Sorted(maps.Keys(part.texts)) {
			at := fmt.Sprintf("%s.%s.%s", at, part.name, key)
			if !slices.Contains(part.known, key) {
				d.fault(at, "is none of "+strings.Join(part.known, ", "))
			} else if n := len(part.texts[key]); n == 0 || n > 256 {
				d.fault(at, "must be 1 to 256 bytes")
			} else if !legible(part.texts[key]) {
				d.fault(at, illegible)
			}
		}
	}
}
