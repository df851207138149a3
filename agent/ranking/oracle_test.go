package ranking_test

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// oracle reads the records of a log in order, knows the rulebook and the offers,
// and says which decisions should never have been. It works everything out anew
// for each decision, from what was recorded before it, and shares no code with
// what decides.
type oracle struct {
	book   *rulebook.Rulebook
	offers []*wire.Offer
	world  world

	items    []*wire.Item // in the order in which they first came
	onHand   map[string]int64
	found    map[string]int64 // of what nobody found: what came since
	consents map[string]*wire.Consent
	past     []happened
	fields   map[string]map[string]string // of persons
	members  map[string]member            // by person
	deferred map[string]*wire.Decision    // by event, until activated
	decided  map[string]bool              // by event
	told     map[string]bool              // by outcome
	holds    []held
	promises []*promised
	redeemed map[whose]redemption
	broken   []string
}

// happened is one thing that somebody saw or did.
type happened struct {
	at                      int64
	item                    string
	slot                    string
	outcome                 string // "" is a showing
	person, session, basket string
	household               string
	offer                   string // the first that priced it, in its slot
	answer                  string // the event it was shown in
	pieces                  int    // that were sold or came back
}

// member says to which household a person belonged when they were last told of.
type member struct {
	household string
	at        int64
}

type held struct {
	id       string
	decision string
	item     string
	quantity int64
	until    int64
}

func judge(book *rulebook.Rulebook, offers []*wire.Offer, w world, records []*wire.Record) *oracle {
	o := &oracle{book: book, offers: offers, world: w, redeemed: map[whose]redemption{}, fields: map[string]map[string]string{}, members: map[string]member{}, onHand: map[string]int64{}, found: map[string]int64{}, consents: map[string]*wire.Consent{},
		deferred: map[string]*wire.Decision{}, decided: map[string]bool{}, told: map[string]bool{}}
	for i, r := range records {
		o.take(i+1, r)
	}
	return o
}

func (o *oracle) breach(seq int, format string, args ...any) {
	o.broken = append(o.broken, fmt.Sprintf("record %d: ", seq)+fmt.Sprintf(format, args...))
}

func (o *oracle) take(seq int, r *wire.Record) {
	o.holds = slices.DeleteFunc(o.holds, func(h held) bool { return h.until <= r.AtMs })
	for _, p := range o.promises {
		if p.until <= r.AtMs {
			p.until = 0
		}
	}
	switch b := r.Body.(type) {
	case *wire.Record_Item:
		it := b.Item
		if i := slices.IndexFunc(o.items, func(x *wire.Item) bool { return x.Id == it.Id }); i >= 0 {
			o.items[i] = it
		} else {
			o.items = append(o.items, it)
		}
		if it.StockKnown {
			o.onHand[it.Id] = it.Stock
			delete(o.found, it.Id)
		}
	case *wire.Record_StockMove:
		o.onHand[b.StockMove.Item] += b.StockMove.Delta
		if n, missed := o.found[b.StockMove.Item]; missed {
			o.found[b.StockMove.Item] = max(0, n+b.StockMove.Delta)
		}
	case *wire.Record_Consent:
		c := b.Consent
		o.consents[string(c.Pseudonym)] = c
		if !knowable(c.Purposes) {
			maps.DeleteFunc(o.redeemed, func(k whose, _ redemption) bool { return k.person == string(c.Pseudonym) })
			o.past = slices.Clone(o.past)
			home := o.members[string(c.Pseudonym)].household
			delete(o.members, string(c.Pseudonym))
			for i := range o.past {
				if home != "" && o.past[i].household == home {
					o.past[i].household = ""
				}
				if o.past[i].person == string(c.Pseudonym) {
					o.past[i].person = ""
				}
			}
		}
	case *wire.Record_Profile:
		o.fields[string(b.Profile.Pseudonym)] = o.world.known[profileKey(b.Profile)]
	case *wire.Record_Decision:
		o.judge(seq, r.AtMs, b.Decision)
		o.enter(r.AtMs, b.Decision)
	case *wire.Record_Activation:
		if d := o.deferred[b.Activation.EventId]; d != nil {
			delete(o.deferred, b.Activation.EventId)
			c := o.consents[string(d.Pseudonym)]
			known := c == nil || knowable(c.Purposes)
			o.show(r.AtMs, d, known)
		}
	case *wire.Record_Outcome:
		o.outcome(seq, r.AtMs, b.Outcome)
	case *wire.Record_HoldEnd:
		o.holds = slices.DeleteFunc(o.holds, func(h held) bool { return h.id == string(b.HoldEnd.Hold) })
		for _, p := range o.promises {
			if p.id == string(b.HoldEnd.Hold) {
				p.until = 0
			}
		}
	}
}

func knowable(purposes []string) bool {
	return slices.ContainsFunc(purposes, func(p string) bool {
		return p == "personalised_offers" || p == "personalised_content" || p == "measurement"
	})
}

func (o *oracle) enter(at int64, d *wire.Decision) {
	o.promise(d)
	for i, s := range d.Shown {
		if s.Hold != nil {
			o.holds = append(o.holds, held{string(s.Hold.Id), string(d.Id), d.Items[i], int64(s.Hold.Quantity), s.Hold.UntilMs})
		}
	}
	if d.Deferred {
		o.deferred[d.EventId] = d
		return
	}
	o.show(at, d, true)
}

func (o *oracle) show(at int64, d *wire.Decision, known bool) {
	if d.Holdback {
		return
	}
	for i := range d.Shown {
		offer, _, _ := strings.Cut(d.Shown[i].Offer, "|")
		h := happened{at: at, item: d.Items[i], slot: d.Slot, offer: offer, session: string(d.Session), basket: string(d.Basket), answer: d.EventId}
		if known {
			h.person, h.household = string(d.Pseudonym), string(d.Household)
			if h.household != "" {
				o.members[h.person] = member{h.household, at}
			}
		}
		o.past = append(o.past, h)
	}
}

func (o *oracle) outcome(seq int, at int64, x *wire.Outcome) {
	if o.told[x.Id] {
		o.breach(seq, "outcome %q was recorded before", x.Id)
	}
	o.told[x.Id] = true
	o.sell(at, x)
	if x.Type == wire.OutcomeType_OUTCOME_NOT_FOUND && o.item(x.Item) != nil {
		o.found[x.Item] = 0
	}
	h := happened{at: at, item: x.Item, slot: x.Slot, outcome: strings.ToLower(strings.TrimPrefix(x.Type.String(), "OUTCOME_")),
		person: string(x.Pseudonym), session: string(x.Session), basket: string(x.Basket), pieces: max(1, int(math.Ceil(x.Quantity)))}
	if x.Again { // another record has it for the same person
		h.person = ""
	}
	if m, ok := o.members[h.person]; ok && at-m.at < 30*24*3_600_000 {
		h.household = m.household
	}
	o.past = append(o.past, h)
	switch x.Type {
	case wire.OutcomeType_OUTCOME_PURCHASE, wire.OutcomeType_OUTCOME_VOID, wire.OutcomeType_OUTCOME_REDEEM:
		i := slices.IndexFunc(o.holds, func(h held) bool { return h.decision == string(x.Decision) && h.item == x.Item })
		if i >= 0 {
			o.holds = slices.Delete(o.holds, i, i+1)
		}
	}
	if len(x.Pseudonym) > 0 && !o.grants(at, x.Pseudonym, "personalised_offers", "personalised_content", "measurement") {
		o.breach(seq, "an outcome is of somebody who may not be known")
	}
}

// grants tells whether one of purposes is granted at a time.
func (o *oracle) grants(at int64, who []byte, purposes ...string) bool {
	c := o.consents[string(who)]
	if c == nil || at-c.ConfirmedMs >= o.book.Lease.Milliseconds() {
		return false
	}
	return slices.ContainsFunc(purposes, func(p string) bool {
		return slices.Contains(c.Purposes, p) && !(p == "personalised_offers" && c.MarketingObjection)
	})
}

func (o *oracle) judge(seq int, at int64, d *wire.Decision) {
	if o.decided[d.EventId] {
		o.breach(seq, "event %q was decided before", d.EventId)
	}
	o.decided[d.EventId] = true
	if len(d.Pseudonym) > 0 && !o.grants(at, d.Pseudonym, "personalised_offers", "personalised_content", "measurement") {
		o.breach(seq, "a decision is of somebody who may not be known")
	}
	slot := o.book.Slot(d.Slot)
	ids := d.Actions
	if len(ids) == 0 {
		ids = o.source(slot, at)
	}
	n := int(d.Candidates)
	if d.Policy.None {
		n--
	}
	if n != len(ids) {
		o.breach(seq, "%d candidates, want %d", n, len(ids))
		return
	}
	allowed := 0
	for i, id := range ids {
		has := d.Allowed[i/8]>>(i%8)&1 == 1
		why := o.forbidden(slot, at, id, d)
		if has {
			allowed++
		}
		excluded := slices.ContainsFunc(d.Removed, func(r *wire.Removal) bool { return r.Rule == "excluded" })
		if has && why != "" || !has && why == "" && !excluded {
			o.breach(seq, "%s is allowed: %v, though %q", id, has, why)
		}
	}
	o.judgeShown(seq, slot, at, d, ids)
	o.judgeTogether(seq, slot, d)
	o.judgeCaps(seq, slot, at, d)
	removed := 0
	for _, r := range d.Removed {
		removed += int(r.Count)
	}
	if removed+allowed != n {
		o.breach(seq, "%d removed and %d allowed of %d", removed, allowed, n)
	}
}

func (o *oracle) judgeShown(seq int, slot *rulebook.Slot, at int64, d *wire.Decision, ids []string) {
	seen, above := map[string]bool{}, map[string]int64{}
	for i, s := range d.Shown {
		id := d.Items[i]
		c := int(d.Candidate[4*i]) | int(d.Candidate[4*i+1])<<8
		if d.Holdback {
			if id != "" || c != len(ids) || len(d.Shown) != 1 || slot.None == nil {
				o.breach(seq, "nothing was shown in an odd way")
			}
			continue
		}
		if c >= len(ids) || ids[c] != id || d.Allowed[c/8]>>(c%8)&1 == 0 || seen[id] {
			o.breach(seq, "%s was shown, and not allowed, or twice", id)
		}
		seen[id] = true
		if !(s.Probability > 0 && s.Probability <= 1) {
			o.breach(seq, "%s was shown with probability %v", id, s.Probability)
		}
		it := o.item(id)
		if it == nil {
			continue
		}
		gross, how := o.price(slot, at, it, d)
		if s.Price.Amount != gross || int64(s.OnHand) != o.onHand[id] {
			o.breach(seq, "%s was shown at %d, %d on hand; want %d, %d", id, s.Price.Amount, s.OnHand, gross, o.onHand[id])
		}
		o.judgeOffers(seq, slot, at, id, s, how, above)
		if (s.Hold != nil) != (slot.Hold != nil) {
			o.breach(seq, "%s is held: %v", id, s.Hold)
		}
	}
}

func (o *oracle) item(id string) *wire.Item {
	for _, it := range o.items {
		if it.Id == id {
			return it
		}
	}
	return nil
}

// source is what a slot shows of its own.
func (o *oracle) source(slot *rulebook.Slot, at int64) (ids []string) {
	for _, it := range o.items {
		if it.Status == "discontinued" && (slot.Source.Catalogue != nil || slot.Source.Offers) {
			continue
		}
		in := false
		switch src := slot.Source; {
		case src.Catalogue != nil:
			in = (len(src.Catalogue.Categories) == 0 || slices.ContainsFunc(src.Catalogue.Categories, func(c string) bool { return under(it.Category, c) })) &&
				(len(src.Catalogue.Brands) == 0 || slices.Contains(src.Catalogue.Brands, it.Brand))
		case src.Offers:
			in = slices.ContainsFunc(o.offers, func(x *wire.Offer) bool { return o.covers(x, slot, at, it) })
		default:
			in = slices.Contains(src.Items, it.Id)
		}
		if in {
			ids = append(ids, it.Id)
		}
	}
	return ids
}

func under(category, path string) bool {
	return category == path || strings.HasPrefix(category, path+"/")
}

func (o *oracle) runs(x *wire.Offer, slot *rulebook.Slot, at int64) bool {
	return x.Status == "active" && (x.Slot == "" || x.Slot == slot.ID) && at >= x.StartsMs && (x.EndsMs == 0 || at < x.EndsMs)
}

func targets(x *wire.Offer, it *wire.Item) bool {
	switch x.Kind {
	case "category":
		return under(it.Category, x.Target)
	case "brand":
		return it.Brand == x.Target
	}
	return slices.Contains(strings.Split(x.Target, "|"), it.Id)
}

// forbidden says by which rule a candidate may not be shown, "" for none.
func (o *oracle) forbidden(slot *rulebook.Slot, at int64, id string, d *wire.Decision) string {
	it := o.item(id)
	for _, rule := range o.book.Rules {
		if slices.Contains(slot.Rules, rule.ID) && o.forbids(&rule, slot, at, id, it, d) {
			return rule.ID
		}
	}
	if h := slot.Hold; h != nil && (it == nil || o.promisable(it) < int64(h.Quantity)) {
		return "hold"
	}
	if it != nil && slot.Source.Offers && len(d.Actions) == 0 && !slices.ContainsFunc(o.offers, func(x *wire.Offer) bool {
		return o.covers(x, slot, at, it) && o.gives(x, slot, at, it, d)
	}) {
		return "offer"
	}
	return ""
}

func (o *oracle) count(is func(happened) bool) (n int) {
	for _, h := range o.past {
		if is(h) {
			n++
		}
	}
	return n
}

func (o *oracle) promisable(it *wire.Item) int64 {
	left := o.onHand[it.Id]
	if n, missed := o.found[it.Id]; missed {
		left = min(left, n)
	}
	left -= it.SafetyStock
	for _, h := range o.holds {
		if h.item == it.Id {
			left -= h.quantity
		}
	}
	return left
}

func (o *oracle) belowFloor(slot *rulebook.Slot, at int64, it *wire.Item, floor float64, d *wire.Decision) bool {
	gross, _ := o.price(slot, at, it, d)
	net := item.Net(gross, it.TaxRate)
	if !it.CostKnown || net <= 0 {
		return true
	}
	share := big.NewRat(net-it.Cost, net)
	least, _ := new(big.Rat).SetString(fmt.Sprintf("%.6f", floor))
	return share.Cmp(least) < 0
}
