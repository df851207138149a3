package release

import (
	"bytes"
	"fmt"

	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// offers reads offers.csv as the centre does, and which of their budgets this node
// has.
func (s *source) offers(book *rulebook.Rulebook) (offers []*rules.Offer, err error) {
	b, err := s.read("offers.csv")
	if err != nil || b == nil {
		return nil, err
	}
	one := rules.Offer{}
	check := func(o *wire.Offer) error {
		if one.Cadence, err = item.ParseCadence(o.Cadence); err != nil {
			return err
		}
		column := ""
		one.Condition, column, err = book.CheckCampaign(rulebook.Campaign{Slot: o.Slot, Condition: o.Condition, List: one.Cadence.Field})
		if err != nil {
			return &item.RowError{Column: column, Problem: err.Error()}
		}
		return nil
	}
	for o, err := range item.Offers(bytes.NewReader(b), item.Options{Scheme: s.scheme, Offer: check}) {
		if err != nil {
			return nil, fmt.Errorf("offers.csv: %w", err)
		}
		offer := one
		offer.Offer, offer.Share = o, o.Budget
		offers = append(offers, &offer)
	}
	return offers, s.shares(offers)
}

// shares reads what each node may give away of the offers' budgets, and leaves this
// one its own.
func (s *source) shares(offers []*rules.Offer) error {
	b, err := s.read("escrow.csv")
	if err != nil {
		return err
	}
	var all []*item.Share
	if b != nil {
		for share, err := range item.Shares(bytes.NewReader(b)) {
			if err != nil {
				return fmt.Errorf("escrow.csv: %w", err)
			}
			all = append(all, share)
		}
	}
	var plain []*wire.Offer
	for _, o := range offers {
		plain = append(plain, o.Offer)
	}
	if faults := item.Shared(all, plain); len(faults) > 0 {
		return fmt.Errorf("escrow.csv: %w", faults[0])
	}
	if s.share == nil {
		return nil
	}
	mine := map[string]int64{}
	for _, share := range all {
		if s.share(share) {
			mine[share.Offer] = share.Amount
		}
	}
	for _, o := range offers {
		o.Share = mine[o.Id]
	}
	return nil
}
