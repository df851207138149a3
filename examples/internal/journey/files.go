package journey

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

// WriteItems writes the range with what one agent has of it when the first week
// begins, as an items file for import.
func (d *Data) WriteItems(out io.Writer, agent int) error {
	rows := csv.NewWriter(out)
	rows.Write([]string{"id", "scheme", "title", "brand", "category", "price", "currency", "tax_rate", "cost", "stock", "status", "generated"})
	for _, it := range d.goods {
		_, counted := d.Delivered(agent, it, d.weeks[0])
		rows.Write([]string{it.ID, "own", it.Title, it.Brand, it.Category, fmt.Sprint(it.Price), "USD", "0",
			fmt.Sprint(it.Cost), fmt.Sprint(counted), "active", "stock and cost"})
	}
	rows.Flush()
	return rows.Error()
}

// WriteProfiles writes the households that shop, as a profiles file: what they
// grant (generated), and what is known of those who let a profile be built.
func (d *Data) WriteProfiles(out io.Writer, at time.Time) error {
	rows := csv.NewWriter(out)
	rows.Write([]string{"id", "purposes", "consent_at", "consent_version", "age", "income", "size"})
	for _, id := range slices.Sorted(maps.Keys(d.households)) {
		granted := Granted(id)
		row := []string{id, list(granted), at.Format(time.RFC3339Nano), "1", "", "", ""}
		if slices.Contains(granted, wire.ProfileBuilding) {
			h := d.households[id]
			row[4], row[5], row[6] = h.age, h.income, h.size
		}
		rows.Write(row)
	}
	rows.Flush()
	return rows.Error()
}

func list(purposes []wire.Purpose) string {
	var words []string
	for _, p := range purposes {
		words = append(words, string(p))
	}
	return strings.Join(words, "|")
}
