package ranking_test

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// judgement is one candidate before the rules of one decision.
type judgement struct {
	*oracle
	slot *rulebook.Slot
	at   int64
	id   string
	it   *wire.Item // nil: nobody knows it
	d    *wire.Decision
	q    ranking.Request
}

func (o *oracle) forbids(r *rulebook.Rule, slot *rulebook.Slot, at int64, id string, it *wire.Item, d *wire.Decision) bool {
	j := &judgement{o, slot, at, id, it, d, o.world.asked[d.EventId]}
	return j.applies(r.ID) && j.removed(r)
}

// applies evaluates the conditions of the random rules, by hand: what is not known
// lets a rule apply.
func (j *judgement) applies(rule string) bool {
	weather, _, known := said(j.q, "weather")
	is := func(what string) bool { return known && weather[0] == what }
	clock := time.UnixMilli(j.at).UTC()
	switch rule {
	case "wet":
		return !known || is("rain")
	case "sweet-only":
		return j.profile("taste") != "sweet"
	case "club":
		if j.it == nil {
			return true
		}
		gross, _ := j.price(j.slot, j.at, j.it, nil)
		return gross >= 900 && !(j.it.Brand == "b1" && is("sun") || under(j.it.Category, "food") && clock.Hour() < 12)
	case "amount":
		return (j.it == nil || under(j.it.Category, "drinks")) && slices.Contains([]time.Weekday{1, 3, 5}, clock.Weekday())
	case "node-top":
		return !is("sun")
	case "counted":
		return (j.it == nil || j.it.Brand == "b2") && !is("sun")
	case "secret":
		return j.it == nil || strings.Contains(j.it.Category, "wine")
	}
	return true
}

// profile is a field of the person that may be read, "" for none.
func (j *judgement) profile(name string) string {
	who := nodePerson(j.q.ProfileID)
	purposes := map[string]string{"taste": "personalised_offers", "household": "personalised_content"}
	slots := map[rulebook.SlotKind]string{rulebook.Offer: "personalised_offers", rulebook.Content: "personalised_content"}
	if !j.grants(j.at, who, slots[j.slot.Kind]) || !j.grants(j.at, who, purposes[name]) {
		return ""
	}
	return j.fields[string(who)][name]
}

func nodePerson(id string) []byte {
	if id == "" {
		return nil
	}
	return pseudonymOf(id)
}

func (j *judgement) removed(r *rulebook.Rule) bool {
	it := j.it
	switch r.Kind {
	case rulebook.Stock:
		return it == nil || j.promisable(it) < 1+int64(r.Safety)
	case rulebook.Active:
		return it == nil || it.Status != "active"
	case rulebook.Exclude:
		return it == nil || slices.Contains(r.Items, j.id) || r.ID == "club" || slices.Contains(r.Brands, it.Brand) ||
			slices.ContainsFunc(r.Categories, func(c string) bool { return under(it.Category, c) })
	case rulebook.Margin:
		return it == nil || j.belowFloor(j.slot, j.at, it, r.Floor, j.d) || j.belowAmount(r.FloorAmount)
	case rulebook.Price:
		if it == nil {
			return true
		}
		gross, _ := j.price(j.slot, j.at, it, j.d)
		return gross < 300 || (it.Price.Amount-gross)*10 > it.Price.Amount*4
	case rulebook.Age:
		return j.tooYoung()
	case rulebook.Avoid:
		list, _, ok := said(j.q, "allergens")
		return ok && (it == nil || it.Attributes["allergens"] == "" || slices.ContainsFunc(list, func(w string) bool {
			return slices.Contains(strings.Split(strings.ToLower(it.Attributes["allergens"]), "|"), w)
		}))
	case rulebook.Needs:
		taste := j.profile("taste")
		return taste != "" && (it == nil || slices.ContainsFunc(strings.Split(taste, "|"), func(w string) bool {
			return !slices.Contains(strings.Split(it.Attributes["tastes"], "|"), w)
		}))
	case rulebook.Sensitive:
		wine := func(h happened) bool {
			it := j.item(h.item)
			return h.outcome == "purchase" && h.person != "" && h.person == string(j.d.Pseudonym) && j.at-h.at < r.Within.Milliseconds() && it != nil && strings.Contains(it.Category, "wine")
		}
		return !j.grants(j.at, nodePerson(j.q.ProfileID), "sensitive:alcohol") || j.count(wine) == 0
	case rulebook.Limit, rulebook.Separate:
		return it == nil
	}
	return j.counted(r)
}

func (j *judgement) belowAmount(amount int) bool {
	gross, _ := j.price(j.slot, j.at, j.it, j.d)
	return item.Net(gross, j.it.TaxRate)-j.it.Cost < int64(amount)
}

func (j *judgement) tooYoung() bool {
	if j.it == nil {
		return true
	}
	demanded := j.it.Attributes["min_age"]
	if demanded == "" {
		return false
	}
	least, err := strconv.Atoi(demanded)
	_, age, known := said(j.q, "age")
	return err != nil || !known || age < float64(least)
}

// counted judges the rules about what was shown and done.
func (j *judgement) counted(r *rulebook.Rule) bool {
	n, had, of := j.happened(r)
	return of && (had || r.Kind == rulebook.Cap && n >= r.Count)
}

// inWindow tells whether what happened at a time counts still. For everybody at the
// node it does until all of its bucket is past.
func (j *judgement) inWindow(r *rulebook.Rule, happened int64) bool {
	since := j.at - r.Window.Milliseconds()
	if r.Per != rulebook.Node {
		return happened > since
	}
	width := int64(1024)
	for width*2*16 <= r.Window.Milliseconds() {
		width *= 2
	}
	return (happened/width+1)*width > since
}

// happened counts what a rule counts, tells whether an outcome of it came, and
// whether the rule is about the candidate at all.
func (j *judgement) happened(r *rulebook.Rule) (n int, had, of bool) {
	group := func(id string) string { return id }
	group2 := func(of func(*wire.Item) string) func(string) string {
		return func(id string) string {
			if it := j.item(id); it != nil {
				return of(it)
			}
			return ""
		}
	}
	switch r.Of {
	case rulebook.OfBrand:
		group = group2(func(it *wire.Item) string { return it.Brand })
	case rulebook.OfCategory:
		group = group2(func(it *wire.Item) string { top, _, _ := strings.Cut(it.Category, "/"); return top })
	case rulebook.OfOffer:
		group = group2(func(it *wire.Item) string { return j.onOffer(j.slot, j.at, it, j.d) })
	case rulebook.OfSlot:
		group = func(string) string { return "everything" }
	}
	if j.it == nil && r.Of != rulebook.OfItem && r.Of != rulebook.OfSlot && r.Of != rulebook.OfOffer {
		return 1 << 30, true, true
	}
	mine := group(j.id)
	if mine == "" {
		return 0, false, false
	}
	answers := map[string]bool{}
	for _, h := range j.past {
		in := group(h.item)
		if r.Per == rulebook.Node && r.Of == rulebook.OfOffer {
			in = h.offer
		}
		if !j.inWindow(r, h.at) || !j.theirs(r, h) || in != mine {
			continue
		}
		switch {
		case r.Kind == rulebook.Suppress:
			if slices.Contains(r.Outcomes, h.outcome) || h.outcome == "" && slices.Contains(r.Outcomes, "shown") {
				return 0, true, true
			}
		case h.outcome != "":
		case r.Of == rulebook.OfSlot && h.slot != j.slot.ID:
		case r.Of == rulebook.OfOffer && (h.slot != j.slot.ID || r.Per != rulebook.Node && h.at < j.offers[slices.IndexFunc(j.offers, func(x *wire.Offer) bool { return x.Id == mine })].StartsMs):
		default:
			answers[h.answer] = true
			n++
		}
	}
	if r.Of == rulebook.OfSlot {
		n = len(answers)
	}
	return n, false, true
}

// theirs tells whether something happened to those whose happenings a rule counts.
func (j *judgement) theirs(r *rulebook.Rule, h happened) bool {
	person := len(j.d.Pseudonym) > 0 && h.person == string(j.d.Pseudonym)
	session := len(j.d.Session) > 0 && h.session == string(j.d.Session)
	switch {
	case r.Per == rulebook.Node:
		return true
	case r.Per == rulebook.Household:
		return len(j.d.Household) > 0 && h.household == string(j.d.Household)
	case r.Per == rulebook.Session:
		return session
	case r.Kind == rulebook.Suppress:
		return person || session
	}
	return person
}

// judgeCaps holds caps to what an answer and those before it showed together: of
// everybody, and of somebody where several items of an answer count together.
func (o *oracle) judgeCaps(seq int, slot *rulebook.Slot, at int64, d *wire.Decision) {
	for _, r := range o.book.Rules {
		if r.Kind != rulebook.Cap || !slices.Contains(slot.Rules, r.ID) || d.Holdback || !counts(&r, d) {
			continue
		}
		group := func(j *judgement) string {
			switch it := j.it; {
			case r.Of == rulebook.OfItem:
				return j.id
			case r.Of == rulebook.OfSlot:
				return slot.ID
			case it == nil:
			case r.Of == rulebook.OfBrand:
				return it.Brand
			case r.Of == rulebook.OfOffer:
				return o.onOffer(slot, at, it, d)
			default:
				top, _, _ := strings.Cut(it.Category, "/")
				return top
			}
			return ""
		}
		shown := map[string]int{}
		for i := range d.Shown {
			j := &judgement{o, slot, at, d.Items[i], o.item(d.Items[i]), d, o.world.asked[d.EventId]}
			in := group(j)
			if shown[in]++; in == "" || !j.applies(r.ID) || r.Of == rulebook.OfSlot {
				continue
			}
			if before, _, _ := j.happened(&r); before+shown[in] > r.Count {
				o.breach(seq, "%s: %s was shown %d times before and %d times now", r.ID, in, before, shown[in])
			}
		}
	}
}

// counts tells whether there is somebody whose showings a cap counts.
func counts(r *rulebook.Rule, d *wire.Decision) bool {
	return r.Per == rulebook.Node || len(map[rulebook.Per][]byte{
		rulebook.Person: d.Pseudonym, rulebook.Session: d.Session, rulebook.Household: d.Household}[r.Per]) > 0
}

// judgeTogether holds an answer to the rules about what stands together.
func (o *oracle) judgeTogether(seq int, slot *rulebook.Slot, d *wire.Decision) {
	brands := map[string]int{}
	for i, s := range d.Shown {
		if it := o.item(d.Items[i]); it != nil && it.Brand != "" {
			brands[it.Brand]++
		}
		if s.Pinned && (d.Items[i] != "i1" || i != 1 && len(d.Shown) > 1) { // with nothing above it moves up
			o.breach(seq, "%s is pinned at %d", d.Items[i], i)
		}
	}
	for brand, n := range brands {
		if n > 1 && slices.Contains(slot.Rules, "one-brand") {
			o.breach(seq, "%d of %s were shown together", n, brand)
		}
	}
	if brands["b1"] > 0 && brands["b2"]+brands["b3"] > 0 && slices.Contains(slot.Rules, "rivals") {
		o.breach(seq, "competitors were shown together: %v", brands)
	}
}
