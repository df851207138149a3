package rulebook

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Languages are the language ranges of a header Accept-Language (RFC 9110, section
// 12.5.4), the preferred first; one by itself is such a header, too. What can't be read
// in it is passed over.
func Languages(header string) (ranges []string) {
	type weighed struct {
		tag    string
		weight float64
	}
	var all []weighed
	for part := range strings.SplitSeq(header, ",") {
		tag, parameter, _ := strings.Cut(part, ";")
		one := weighed{strings.TrimSpace(tag), 1}
		if q, ok := strings.CutPrefix(strings.ReplaceAll(parameter, " ", ""), "q="); ok {
			one.weight, _ = strconv.ParseFloat(q, 64) // 0 is what is not wanted
		}
		if one.tag != "" && one.weight > 0 && len(all) < maxRanges {
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	for _, one := range all {
		ranges = append(ranges, one.tag)
	}
	return ranges
}

// maxRanges are as many as a header is read for.
const maxRanges = 32

// lookUp gives has the tags that a language range stands for until it has one, as
// RFC 4647, section 3.4, says: the range itself, then without its last part, and
// without a single letter that would then be the last.
func lookUp(language string, has func(tag string) bool) bool {
	tag := fold(language)
	for tag != "" && !has(tag) {
		tag = tag[:max(0, strings.LastIndexByte(tag, '-'))]
		if n := len(tag); n > 1 && tag[n-2] == '-' {
			tag = tag[:n-2]
		}
	}
	return tag != ""
}

// fold makes tags of a language equal; some write de_AT.
func fold(tag string) string { return strings.ReplaceAll(strings.ToLower(tag), "_", "-") }

// Texts are by language, as en, de-AT or zh-Hant (BCP 47).
type Texts map[string]string

// In is the text in a language, or in the nearest above it; "" if there is none.
func (t Texts) In(language string) (text string) {
	lookUp(language, func(tag string) bool {
		for key, one := range t {
			if fold(key) == tag {
				text = one
			}
		}
		return text != ""
	})
	return text
}

// validate checks texts of at most so many bytes.
func (t Texts) validate(d *decoder, at string, most int) {
	unique(d, at, slices.Sorted(maps.Keys(t)), fold)
	for language, text := range t {
		switch at := at + "." + language; {
		case !isLanguage(language):
			d.fault(at, "the language must be a tag such as en or de-AT")
		case text == "" || len(text) > most:
			d.fault(at, "must be 1 to "+strconv.Itoa(most)+" bytes")
		case !legible(text):
			d.fault(at, illegible)
		}
	}
}

// legible tells whether people see something in a text, in one line.
func legible(text string) bool {
	return strings.TrimSpace(text) != "" && !strings.ContainsFunc(text, unicode.IsControl)
}

const illegible = "must be one line that people can read"

const languagePattern = `^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$`

var languageText = regexp.MustCompile(languagePattern)

func isLanguage(s string) bool { return len(s) <= 35 && languageText.MatchString(s) }
