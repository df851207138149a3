package profilebody

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// ErrText: a text that is no history as people write one. It holds nothing of
// the text.
var ErrText = errors.New("profilebody: a history is written item@2026-03-01*times:price|…, each item once, at most 256; times and price (minor units, of one) may be left out")

// ParseHistory reads a history as people write one: entries item@day*times:price
// with | between them, the day as 2026-03-01; times are 1 and the price is not
// known where they are left out. id makes of an item what the catalogue calls it.
// ErrText.
func ParseHistory(text string, id func(string) string) ([]Purchase, error) {
	if strings.Count(text, "|") >= MaxHistory {
		return nil, ErrText
	}
	var all []Purchase
	for one := range strings.SplitSeq(text, "|") {
		p, ok := parsePurchase(one, id)
		if !ok {
			return nil, ErrText
		}
		all = append(all, p)
	}
	slices.SortFunc(all, ByItem)
	if !validHistory(all) {
		return nil, ErrText
	}
	return all, nil
}

// ByItem is the order of a history.
func ByItem(a, b Purchase) int {
	switch {
	case a.Item < b.Item:
		return -1
	case a.Item > b.Item:
		return 1
	}
	return 0
}

func parsePurchase(text string, id func(string) string) (p Purchase, ok bool) {
	at := strings.LastIndexByte(text, '@') // an item's id may have one, too
	if at < 1 {
		return p, false
	}
	rest, price, priced := strings.Cut(text[at+1:], ":")
	day, times, counted := strings.Cut(rest, "*")
	when, err := time.Parse(time.DateOnly, day)
	if ms := when.UnixMilli(); err != nil || ms < 0 || ms/DayMs > 1<<16-1 {
		return p, false
	}
	p = Purchase{Item: xxhash.Sum64String(id(text[:at])), Day: DayOf(when.UnixMilli()), Times: 1}
	if counted {
		n, err := strconv.ParseUint(times, 10, 16)
		p.Times, ok = uint16(n), err == nil && n > 0
		if !ok {
			return p, false
		}
	}
	if priced {
		n, err := strconv.ParseUint(price, 10, 32)
		p.Price = uint32(n)
		return p, err == nil
	}
	return p, true
}
