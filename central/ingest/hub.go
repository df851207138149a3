package ingest

import (
	"context"

	"github.com/aisle-edge/aisle/sync/link"
)

// fetchMost is how many segments are asked for at once: what a batch of small
// ones needs, and not more than memory takes of large ones.
const fetchMost = 64

// Over is the hub at the other end of central's link.
func Over(c *link.Central) Hub { return linked{c} }

type linked struct{ *link.Central }

func (l linked) Fetch(ctx context.Context) ([]Delivery, error) {
	found, err := l.Central.Fetch(ctx, fetchMost)
	if err != nil {
		return nil, err
	}
	out := make([]Delivery, len(found))
	for i, d := range found {
		out[i] = Delivery{Node: d.Node, Data: d.Data, Done: d.Done, Again: d.Again}
	}
	return out, nil
}
