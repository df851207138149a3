package localapi

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/aisle-edge/aisle/agent/ranking"
)

// appendAnswer appends what encoding/json makes of an answer, in a fifth of its
// time.
func appendAnswer(dst []byte, a *ranking.Answer) []byte {
	dst = appendText(append(dst, `{"eventId":`...), a.EventID)
	dst = appendText(append(dst, `,"slot":`...), a.Slot)
	dst = strconv.AppendBool(append(dst, `,"personalised":`...), a.Personalised)
	dst = appendText(append(dst, `,"degraded":`...), string(a.Degraded))
	if a.DegradedBy != "" {
		dst = appendText(append(dst, `,"degradedBy":`...), string(a.DegradedBy))
	}
	dst = strconv.AppendBool(append(dst, `,"holdback":`...), a.Holdback)
	if a.Short != 0 {
		dst = strconv.AppendInt(append(dst, `,"short":`...), int64(a.Short), 10)
	}
	dst = append(dst, `,"items":[`...)
	for i := range a.Items {
		dst = appendItem(comma(dst, i), &a.Items[i])
	}
	dst = appendBasis(append(dst, `],"basis":`...), &a.Basis)
	dst = append(dst, `,"experiments":[`...)
	for i, e := range a.Experiments {
		dst = appendText(append(comma(dst, i), `{"id":`...), e.ID)
		dst = append(appendText(append(dst, `,"arm":`...), e.Arm), '}')
	}
	v := &a.Versions
	dst = appendText(append(dst, `],"versions":{"release":`...), v.Release)
	dst = appendText(append(dst, `,"module":`...), v.Module)
	dst = appendText(append(dst, `,"model":`...), v.Model)
	dst = appendText(append(dst, `,"rulebook":`...), v.Rulebook)
	dst = a.Age.Model.AppendJSON(append(dst, `},"age":{"modelSeconds":`...))
	dst = a.Age.Catalogue.AppendJSON(append(dst, `,"catalogueSeconds":`...))
	dst = a.Age.Consent.AppendJSON(append(dst, `,"consentSeconds":`...))
	dst = a.Age.HubContact.AppendJSON(append(dst, `,"hubContactSeconds":`...))
	dst = append(dst, '}')
	dst = appendSome(dst, `,"language":`, a.Language)
	if len(a.Ignored) > 0 {
		dst = appendTexts(append(dst, `,"ignoredContext":`...), a.Ignored)
	}
	return append(dst, '}')
}

func appendItem(dst []byte, it *ranking.Item) []byte {
	dst = appendText(append(dst, `{"id":`...), it.ID)
	dst = strconv.AppendInt(append(dst, `,"rank":`...), int64(it.Rank), 10)
	dst = appendNumber(append(dst, `,"score":`...), it.Score)
	dst = appendNumber(append(dst, `,"probability":`...), it.Probability)
	if p := it.Price; p != nil {
		dst = strconv.AppendInt(append(dst, `,"price":{"amount":`...), p.Amount, 10)
		dst = appendText(append(dst, `,"currency":`...), p.Currency)
		dst = appendNumber(append(dst, `,"taxRate":`...), p.TaxRate)
		dst = strconv.AppendBool(append(dst, `,"personalised":`...), p.Personalised)
		if p.Lowest30d != 0 {
			dst = strconv.AppendInt(append(dst, `,"lowest30d":`...), p.Lowest30d, 10)
		}
		dst = append(appendSome(dst, `,"quoteUntil":`, p.QuoteUntil), '}')
	}
	if v := it.Availability; v != nil {
		dst = strconv.AppendInt(append(dst, `,"availability":{"onHand":`...), v.OnHand, 10)
		dst = appendTexts(append(dst, `,"fulfilment":`...), v.Fulfilment)
		dst = append(appendSome(dst, `,"holdUntil":`, v.HoldUntil), '}')
	}
	dst = appendSome(dst, `,"offerId":`, it.OfferID)
	if len(it.Actions) > 0 {
		dst = append(dst, `,"actions":[`...)
		for i, c := range it.Actions {
			dst = appendText(append(comma(dst, i), `{"id":`...), c.ID)
			dst = appendText(append(dst, `,"function":`...), c.Function)
			dst = append(appendText(append(dst, `,"kind":`...), c.Kind), '}')
		}
		dst = append(dst, ']')
	}
	if len(it.Reasons) > 0 {
		dst = append(dst, `,"reasons":[`...)
		for i, r := range it.Reasons {
			dst = appendText(append(comma(dst, i), `{"feature":`...), r.Feature)
			dst = appendNumber(append(dst, `,"contribution":`...), r.Contribution)
			dst = append(appendText(append(dst, `,"text":`...), r.Text), '}')
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendBasis(dst []byte, b *ranking.Basis) []byte {
	dst = append(dst, `{"purposesUsed":[`...)
	for i, p := range b.PurposesUsed {
		dst = appendText(comma(dst, i), p)
	}
	dst = append(dst, `],"withheld":[`...)
	for i := range b.Withheld {
		w := &b.Withheld[i]
		dst = appendText(append(comma(dst, i), `{"field":`...), w.Field)
		dst = appendText(append(dst, `,"purpose":`...), w.Purpose)
		dst = append(appendText(append(dst, `,"why":`...), w.Why), '}')
	}
	dst = strconv.AppendUint(append(dst, `],"consentVersion":`...), b.ConsentVersion, 10)
	return append(appendSome(dst, `,"text":`, b.Text), '}')
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

func appendSome(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return appendText(append(dst, key...), text)
}

// appendNumber appends a finite number, as short as reads back the same.
func appendNumber(dst []byte, x float64) []byte {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

const hexDigits = "0123456789abcdef"

// appendText appends a JSON text; bytes that are no UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= utf8.RuneSelf:
			dst = append(dst, "\uFFFD"...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i += size
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
