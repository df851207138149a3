package training

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/aisle-edge/aisle/sync/item"
)

// Imported are baskets from before there was a ledger, such as a till's archive.
type Imported struct {
	Groups [][]uint64 // hashes of the items of each basket with more than one, the later the newer
	// Counts of what was read.
	Rows, Refused, Baskets, Items int

	ids [][]string // of Groups
}

// ReadBaskets reads CSV with a header line: a row for each item of a basket, in the
// order of time; basket and id are the names of the columns. A row without a basket
// or with an id that is none of the scheme is refused and counted. Of a basket the
// first 64 items are kept, and the newest 50,000 baskets, as of those in the ledger.
func ReadBaskets(r io.Reader, scheme item.Scheme, basket, id string) (*Imported, error) {
	rows := csv.NewReader(r)
	rows.ReuseRecord, rows.FieldsPerRecord = true, 0
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header line: %w", err)
	}
	b, i := slices.Index(header, basket), slices.Index(header, id)
	if b < 0 || i < 0 {
		return nil, fmt.Errorf("the header line has no columns %q and %q; name those of the basket and of the item", basket, id)
	}
	in := new(Imported)
	place, items := map[string]int{}, map[string]bool{}
	var all [][]string
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read baskets: %w", err)
		}
		in.Rows++
		name, err := item.ID(scheme, row[i])
		if err != nil || row[b] == "" {
			in.Refused++
			continue
		}
		at, known := place[row[b]]
		if !known {
			at = len(all)
			place[string([]byte(row[b]))] = at
			all = append(all, nil)
		}
		if len(all[at]) < maxGroup && !slices.Contains(all[at], name) {
			all[at] = append(all[at], name)
		}
		items[name] = true
	}
	in.Baskets, in.Items = len(all), len(items)
	all = slices.DeleteFunc(all, func(g []string) bool { return len(g) < 2 })
	in.ids = all[max(0, len(all)-maxBaskets):]
	for _, g := range in.ids {
		var hashes []uint64
		for _, one := range g {
			hashes = append(hashes, itemKey([]byte(one)))
		}
		in.Groups = append(in.Groups, hashes)
	}
	return in, nil
}

// CSV is what ReadBaskets reads again, with the columns basket and item, numbers in
// the place of what the baskets were called.
func (in *Imported) CSV() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"basket", "item"})
	for n, g := range in.ids {
		for _, id := range g {
			w.Write([]string{strconv.Itoa(n), id})
		}
	}
	w.Flush()
	return b.Bytes()
}
