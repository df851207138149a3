// Package inject puts what was decided into somebody's page.
//
// A Fragment is a list in plain HTML without script or style, made for server-side
// includes: it has classes to style it by, and says in data attributes which
// decision and which item it is about, so that a page can tell what came of it.
// Every text is escaped. A link or a picture whose address is not of the web is
// left out, and the text stays. There is nothing to fail.
package inject

import (
	"html"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/sync/item"
)

// Fragment is what a slot shows.
type Fragment struct {
	Slot, EventID string
	Personalised  bool
	Items         []Item
}

// Item is one thing shown. Empty fields are left out.
type Item struct {
	ID, Title, Brand string
	URL, Image       string
	Price, Was       Money  // Was: before the offer; zero: there is none
	Note             string // what must be said beside the price
}

// Money is an amount in minor units of an ISO 4217 currency.
type Money struct {
	Amount   int64
	Currency string
}

// Append appends the fragment; nothing, where nothing is shown.
func Append(dst []byte, f *Fragment) []byte {
	if len(f.Items) == 0 {
		return dst
	}
	dst = attribute(append(dst, `<ul class="aisle"`...), "data-slot", f.Slot)
	dst = attribute(dst, "data-event", f.EventID)
	if f.Personalised {
		dst = append(dst, ` data-personalised`...)
	}
	dst = append(dst, ">\n"...)
	for i := range f.Items {
		dst = appendItem(dst, &f.Items[i], i+1)
	}
	return append(dst, "</ul>\n"...)
}

func appendItem(dst []byte, it *Item, rank int) []byte {
	dst = attribute(append(dst, "<li"...), "data-item", it.ID)
	dst = append(attribute(dst, "data-rank", strconv.Itoa(rank)), '>')
	link := ofTheWeb(it.URL)
	if link {
		dst = append(attribute(append(dst, "<a"...), "href", it.URL), '>')
	}
	if ofTheWeb(it.Image) {
		dst = append(attribute(append(dst, "<img"...), "src", it.Image), ` alt="" loading="lazy">`...)
	}
	dst = element(dst, "strong", "title", it.Title)
	if link {
		dst = append(dst, "</a>"...)
	}
	dst = element(dst, "span", "brand", it.Brand)
	dst = element(dst, "span", "price", it.Price.text())
	dst = element(dst, "s", "was", it.Was.text())
	dst = element(dst, "small", "note", it.Note)
	return append(dst, "</li>\n"...)
}

func attribute(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(dst, ' '), name...), `="`...)
	return append(append(dst, html.EscapeString(value)...), '"')
}

func element(dst []byte, name, class, text string) []byte {
	if text == "" {
		return dst
	}
	dst = attribute(append(append(dst, '<'), name...), "class", class)
	dst = append(append(dst, '>'), html.EscapeString(text)...)
	return append(append(append(dst, "</"...), name...), '>')
}

// ofTheWeb tells whether an address may stand in a page: a script's may not.
func ofTheWeb(address string) bool {
	scheme, _, absolute := strings.Cut(address, ":")
	if !absolute || strings.Contains(scheme, "/") {
		return address != ""
	}
	return strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")
}

// text is the amount as people write it, such as 3.99 EUR.
func (m Money) text() string {
	decimals, ok := item.Exponent(m.Currency)
	if !ok {
		return ""
	}
	digits := strconv.FormatInt(max(m.Amount, -m.Amount), 10)
	for len(digits) <= decimals {
		digits = "0" + digits
	}
	if decimals > 0 {
		digits = digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	}
	if m.Amount < 0 {
		digits = "-" + digits
	}
	return digits + " " + m.Currency
}
