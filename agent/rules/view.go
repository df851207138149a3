package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// View is what a slot's release and a snapshot of the catalogue say together,
// from one time until an offer starts or ends. It does not change.
type View struct {
	*catalogue.Snapshot
	Gross []int64 // prices after the offers that hold for everybody, by place
	Net   []int64

	book     *Book
	from     int64
	until    int64
	regular  *View                // without any offer, for their conditions
	asked    [][]condition.Column // by offer: what its condition reads of items, at regular prices
	cover    cover                // by place: the offers that run
	common   bitmap.Bits          // places that an offer which holds for everybody is for
	personal bool                 // an offer that runs is decided for each request
	applied  [][]Applied          // by place: the offers that make the price; nil: none runs
	onOffer  *grouping            // the first of those, for rules
	sets     sets                 // of items
	static   []int                // by static rule: the set it removes
	scopes   []scope              // by later rule
	nodes    []*everybody         // caps of the node
	promoted int                  // the set of those, -1 without
	groups   []int                // by group of items: the set of those
	source   *Candidates          // nil: the caller gives them
}

func (v *View) holds(s *catalogue.Snapshot, now int64) bool {
	return v != nil && v.Snapshot == s && now >= v.from && now < v.until
}

// Source is the slot's own candidates, nil where only the caller gives any.
func (v *View) Source() *Candidates { return v.source }

func (b *Book) build(s *catalogue.Snapshot, now int64) *View {
	v := &View{Snapshot: s, Gross: s.Gross, Net: s.Net, book: b, promoted: -1}
	v.from, v.until = b.steady(now)
	regular := *v
	v.regular, v.cover = &regular, v.newCover(now)
	v.personal = slices.ContainsFunc(b.offers, func(o offer) bool { return o.personal && o.runs(now) })
	for k := range b.offers {
		v.asked = append(v.asked, nil)
		if o := &b.offers[k]; o.mixed != nil {
			v.asked[k] = v.regular.columnsOf(o.mixed.Condition)
		}
	}
	v.applyOffers()
	v.groupOffers()
	v.makeSets()
	if !b.slot.Source.Actions {
		v.source = newSource(v, b.places(s, &v.cover))
		v.gatherGroups()
	}
	return v
}

// gatherGroups finds the slot's own candidates of what is counted together.
func (v *View) gatherGroups() {
	gather := func(g *grouping) {
		if g != nil && g.members.of == nil {
			g.members = v.source.Members(g.of, g.n)
		}
	}
	gather(v.onOffer)
	for k := range v.scopes {
		gather(v.scopes[k].group)
	}
}

// makeSets works out which items each rule removes, or is about.
func (v *View) makeSets() {
	m := &maker{places: v.Len(), vocabularies: map[string]*vocabulary{}, groupings: map[together]*grouping{}}
	c := v.columns()
	for i := range v.book.static {
		r := &v.book.static[i]
		places := v.about(r, c)
		v.excuse(r, places)
		v.static = append(v.static, m.add(places, r.takesUnknown()))
	}
	for i := range v.book.later {
		v.scopes = append(v.scopes, v.scope(&v.book.later[i], c, m))
	}
	if p := v.book.slot.Promoted; p != nil {
		places := m.every()
		v.keep(p.Where.Condition, places)
		v.promoted = m.add(places, false)
	}
	v.addGroups(m)
	v.sets = m.sets()
}

func (v *View) columns() *rulebook.Columns {
	s := v.Snapshot
	return &rulebook.Columns{
		Status: s.Status, Regular: s.Gross, Price: v.Gross, NetPrice: v.Net, NetCost: s.Cost,
		Category: s.Category.IDs, Categories: s.Category.Names, Brand: s.Brand.IDs, Brands: s.Brand.Names,
		Place: s.Place,
	}
}

// about are the items that a rule removes by their columns or, where it asks for
// more, those that it may remove.
func (v *View) about(r *rule, c *rulebook.Columns) bitmap.Bits {
	places := bitmap.New(v.Len())
	places.Fill(v.Len())
	if r.Where.Condition != nil {
		v.keep(r.Where.Condition, places)
	}
	if r.ofItems() && !v.later(r) {
		places.And(v.removed(r, c))
	}
	return places
}

// later tells whether a rule looks at prices that are known in each decision only.
func (v *View) later(r *rule) bool { return v.book.overlays && r.ofPrices() }

// removed are the items that a rule removes by their columns.
func (v *View) removed(r *rule, c *rulebook.Columns) bitmap.Bits {
	places := bitmap.New(v.Len())
	places.Fill(v.Len())
	left := slices.Clone(places)
	r.Apply(c, left)
	places.AndNot(left)
	return places
}

// excuse takes out what the items' part of unless excuses.
func (v *View) excuse(r *rule, places bitmap.Bits) {
	if r.excuse == nil {
		return
	}
	excused := slices.Clone(places)
	v.keep(r.excuse, excused)
	places.AndNot(excused)
}

// every is the set of all items.
func (m *maker) every() bitmap.Bits {
	all := bitmap.New(m.places)
	all.Fill(m.places)
	return all
}

// maxCandidates is how many a slot's own source gives at most.
const maxCandidates = 10_000

// places are the slot's own candidates, ascending.
func (b *Book) places(s *catalogue.Snapshot, c *cover) []uint32 {
	var places []uint32
	switch from := b.slot.Source; {
	case from.Catalogue != nil:
		places = s.Select(*from.Catalogue)
	case from.Offers:
		for i := range s.Len() {
			if len(c.offers(i)) > 0 && s.Status[i] != catalogue.Discontinued {
				places = append(places, uint32(i))
			}
		}
	default:
		places = s.Places(from.Items)
	}
	return places[:min(len(places), maxCandidates)]
}
