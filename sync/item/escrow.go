package item

import (
	"fmt"
	"io"
	"iter"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Share is what of an offer's budget one node may give away by itself.
type Share struct {
	Line   int // in the file
	Offer  string
	Site   string
	Agent  string // "": the only one of the site
	Amount int64  // minor units
}

// Shares yields the rows of escrow.csv.
func Shares(r io.Reader) iter.Seq2[*Share, error] {
	return read(r, Options{}, escrowColumns, func(f *fields) *Share {
		s := &Share{Line: f.line, Offer: f.id("offer", Own), Site: f.oneLine("site", maxName), Agent: f.oneLine("agent", maxName)}
		if s.Site == "" {
			f.fault("site", "is missing; name the site that has the share")
		}
		var ok bool
		if s.Amount, ok = f.amount("amount"); !ok {
			f.fault("amount", "is missing; write minor units, 399 for 3.99")
		}
		return s
	})
}

// Shared checks shares against the offers that they are of: each offer must be
// there and have a budget, which its shares together are not above; a site has one
// share of it, or one for each agent. It gives the faults, each with its line.
func Shared(shares []*Share, offers []*wire.Offer) (faults []*RowError) {
	budgets := map[string]*wire.Offer{}
	for _, o := range offers {
		budgets[o.Id] = o
	}
	left := map[string]int64{}
	seen := map[[3]string]bool{}
	whole := map[[2]string]bool{} // whether a site's agents are named
	for _, s := range shares {
		fault := func(column, problem string) { faults = append(faults, &RowError{s.Line, column, problem}) }
		o := budgets[s.Offer]
		if o == nil || !o.Budgeted {
			fault("offer", "is no offer of offers.csv with a budget")
			continue
		}
		named, before := whole[[2]string{s.Offer, s.Site}]
		switch key := [3]string{s.Offer, s.Site, s.Agent}; {
		case seen[key]:
			fault("site", "has a share of this offer already; write one row")
		case before && named != (s.Agent != ""):
			fault("agent", "is named in some rows of this site only; name it in all, or write one row for the site")
		default:
			seen[key] = true
		}
		whole[[2]string{s.Offer, s.Site}] = s.Agent != ""
		if _, ok := left[s.Offer]; !ok {
			left[s.Offer] = o.Budget
		}
		if s.Amount > left[s.Offer] {
			fault("amount", fmt.Sprintf("makes the shares of this offer more than its budget of %d", o.Budget))
			continue
		}
		left[s.Offer] -= s.Amount
	}
	return faults
}
