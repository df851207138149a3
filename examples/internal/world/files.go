package world

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

// WriteItems writes the goods with what one site has of them, as an items file
// for import. Sites count right on the first day, unless the world is badly kept.
func (w *World) WriteItems(out io.Writer, site Site) error {
	stock := w.Stock(site)
	rows := [][]string{{"id", "scheme", "title", "brand", "category", "price", "currency", "tax_rate", "cost", "stock", "status"}}
	for i, it := range w.items {
		rows = append(rows, []string{it.ID, "gtin", it.Title, it.Brand, it.Category,
			fmt.Sprint(it.Price), "EUR", fmt.Sprint(it.TaxRate), fmt.Sprint(it.Cost), strconv.Itoa(stock.first(w.seed, i)), it.Status})
	}
	return csv.NewWriter(out).WriteAll(rows)
}

// WriteStock writes what truly stands on the shelves, as a stock file: a whole
// inventory, for a site whose counts come from an earlier world.
func (s *Stock) WriteStock(out io.Writer, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := [][]string{{"id", "on_hand", "as_of"}}
	for i, it := range s.items {
		rows = append(rows, []string{it.ID, strconv.Itoa(s.shelf[i]), at.Format(time.RFC3339Nano)})
	}
	return csv.NewWriter(out).WriteAll(rows)
}

// WriteProfiles writes the people of a site who have a card, as a profiles file:
// what they grant, and what those said of themselves who let a profile be built.
// Versions are by the second, so that a world that begins anew goes before what
// its people said in the last one.
func (w *World) WriteProfiles(out io.Writer, site Site, at time.Time) error {
	rows := [][]string{{"id", "purposes", "consent_at", "consent_version", "taste", "household"}}
	for _, p := range w.people(site) {
		if p.card == "" {
			continue
		}
		row := []string{p.card, join(p.granted), at.Format(time.RFC3339Nano), fmt.Sprint(at.Unix()), "", ""}
		if slices.Contains(p.granted, wire.ProfileBuilding) {
			row[4], row[5] = segments[p.declared], households[p.household]
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(out).WriteAll(rows)
}

func join(purposes []wire.Purpose) string {
	var b strings.Builder
	for i, p := range purposes {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(string(p))
	}
	return b.String()
}

// WriteOffers writes the running offers for the slots, as a release's offers.csv.
func WriteOffers(out io.Writer, slots ...string) error {
	rows := [][]string{{"id", "title", "kind", "target", "slot", "percent", "status"}}
	for _, slot := range slots {
		for _, it := range goods() {
			if it.Percent > 0 {
				rows = append(rows, []string{slot + "-" + it.ID, fmt.Sprintf("%s, %d %% off", it.Title, it.Percent),
					"items", it.ID, slot, strconv.Itoa(it.Percent), "active"})
			}
		}
	}
	return csv.NewWriter(out).WriteAll(rows)
}
