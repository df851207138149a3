package localapi

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strconv"
	"time"

	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// offersCSV checks offers and gives them as the file of a release.
func offersCSV(rows []byte, o item.Options) (r Report, file []byte) {
	out := [][]string{{"id", "title", "kind", "target", "slot", "price", "percent", "currency", "starts", "ends",
		"budget", "pacing", "per_person_cap", "cadence", "priority", "stack", "condition", "status"}}
	for offer, err := range item.Offers(bytes.NewReader(rows), o) {
		var refused *item.RowError
		switch {
		case err == nil:
			r.Accepted++
			out = append(out, offerRow(offer))
		case errors.As(err, &refused):
			r.Refused++
			r.Faults = append(r.Faults, rowFault(refused))
		default:
			r.Refused++
			r.Faults = append(r.Faults, Fault{Problem: err.Error()})
		}
	}
	if o.Format == item.CSV {
		return r, rows // as they were written
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(out); err != nil {
		panic(err) // it is memory
	}
	return r, b.Bytes()
}

func offerRow(o *wire.Offer) []string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	at := func(ms int64) string {
		if ms == 0 {
			return ""
		}
		return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)
	}
	price, percent, currency, budget, stack := "", "", "", "", "no"
	if o.Budgeted {
		budget = strconv.FormatInt(o.Budget, 10)
	}
	if o.Stack {
		stack = "yes"
	}
	if o.Price != nil {
		price, currency = strconv.FormatInt(o.Price.Amount, 10), o.Price.Currency
	} else {
		percent = strconv.FormatFloat(o.Percent, 'f', -1, 64)
	}
	return []string{o.Id, o.Title, o.Kind, o.Target, o.Slot, price, percent, currency, at(o.StartsMs), at(o.EndsMs),
		budget, o.Pacing, number(int64(o.PerPersonCap)), o.Cadence, number(int64(o.Priority)), stack, o.Condition, o.Status}
}
