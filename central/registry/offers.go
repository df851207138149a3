package registry

import (
	"bytes"
	"errors"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// parseOffers reads the offers; book is nil when it has faults of its own.
func (f *Folder) parseOffers(scheme item.Scheme, book *rulebook.Rulebook) (faults rulebook.Faults) {
	check := func(o *wire.Offer) error {
		if book == nil {
			return nil
		}
		cadence, err := item.ParseCadence(o.Cadence)
		if err != nil {
			return err
		}
		if _, column, err := book.CheckCampaign(rulebook.Campaign{Slot: o.Slot, Condition: o.Condition, List: cadence.Field}); err != nil {
			return &item.RowError{Column: column, Problem: err.Error()}
		}
		return nil
	}
	for o, err := range item.Offers(bytes.NewReader(f.bytes[offersFile]), item.Options{Scheme: scheme, Offer: check}) {
		if err != nil {
			faults = append(faults, rowFault(offersFile, err))
			continue
		}
		f.Offers = append(f.Offers, o)
	}
	return faults
}

// parseEscrow reads who may give away how much of the offers' budgets.
func (f *Folder) parseEscrow() (faults rulebook.Faults) {
	b, ok := f.bytes[escrowFile]
	if !ok {
		return nil
	}
	var shares []*item.Share
	for s, err := range item.Shares(bytes.NewReader(b)) {
		if err != nil {
			faults = append(faults, rowFault(escrowFile, err))
			continue
		}
		shares = append(shares, s)
	}
	for _, wrong := range item.Shared(shares, f.Offers) {
		faults = append(faults, rowFault(escrowFile, wrong))
	}
	return faults
}

func rowFault(file string, err error) rulebook.Fault {
	fault := rulebook.Fault{File: file, Problem: err.Error()}
	row := (*item.RowError)(nil)
	if errors.As(err, &row) {
		fault.Line, fault.Path, fault.Problem = row.Line, row.Column, row.Problem
	}
	return fault
}
