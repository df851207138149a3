package ranking

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/persona"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// tastes is the memory of mixing a list over the tastes of a person.
type tastes struct {
	mark   uint64 // of the cache, before the person was read
	bytes  []byte // that digest is of
	bought []persona.Purchase
	of     *persona.Known // nil: nothing is mixed
	pools  *persona.Pools
	shares []float64 // of positions: the promoted's, if any, then those of tastes

	rows persona.Rows // of candidates that come but once
	room persona.Pools
}

// mixes finds the tastes that the list is mixed over, if it may be: only what is
// learned is, for the other arms are what they say.
func (s *scratch) mixes() bool {
	t := &s.tastes
	t.of, t.pools = nil, nil
	table, d := s.active.Embeddings, s.slot.Tastes
	if d == nil || table == nil || !s.ours() || !s.granted(d.Purpose) {
		return false
	}
	i := slices.IndexFunc(s.who.Fields, func(f consent.Field) bool { return f.Name == d.Name })
	if i < 0 {
		return false
	}
	bought, most := &s.who.Fields[i].Value, s.slot.Mix.Personas
	digest := t.digest(bought)
	if t.of = s.d.opt.Tastes.Find(s.person, table, digest, most); t.of == nil {
		t.buy(bought)
		t.of = s.d.opt.Tastes.Split(t.mark, s.person, table, digest, t.bought, most)
	}
	if t.of.Tastes == nil {
		t.of = nil
		return false
	}
	t.pools = t.of.Pools(s.embedded(), &t.room)
	t.share(s.slot.Promoted)
	return true
}

// ours tells whether the draw is one that mixing and diversity are part of.
func (s *scratch) ours() bool {
	return s.by == rulebook.Learned && s.policy.Kind != explore.Fixed
}

// embedded are the rows of the candidates in the release's vectors.
func (s *scratch) embedded() *persona.Rows {
	if s.of != &s.given {
		return s.slot.Shelf.Rows(s.active.Embeddings, s.of, s.of.Len(), s.of.Hash)
	}
	s.tastes.rows.Find(s.active.Embeddings, s.of.Len(), s.of.Hash)
	return &s.tastes.rows
}

// digest tells what buy would take from what it took before.
func (t *tastes) digest(v *consent.Value) uint64 {
	b := binary.AppendUvarint(t.bytes[:0], uint64(len(v.History)))
	for _, p := range v.History {
		b = binary.LittleEndian.AppendUint64(b, p.Item)
		b = binary.LittleEndian.AppendUint16(b, p.Times)
	}
	for _, id := range v.List {
		b = binary.AppendUvarint(b, uint64(len(id)))
		b = append(b, id...)
	}
	t.bytes = b
	return xxhash.Sum64(b)
}

// buy takes what a field says was bought: a history, or items, once for each time.
func (t *tastes) buy(v *consent.Value) {
	t.bought = t.bought[:0]
	for _, p := range v.History {
		t.bought = append(t.bought, persona.Purchase{Item: p.Item, Times: int(p.Times)})
	}
	if len(v.List) == 0 {
		return
	}
	for _, id := range v.List {
		t.bought = append(t.bought, persona.Purchase{Item: xxhash.Sum64String(id), Times: 1})
	}
	slices.SortFunc(t.bought, func(a, b persona.Purchase) int { return cmp.Compare(a.Item, b.Item) })
	kept := t.bought[:0]
	for _, p := range t.bought {
		if n := len(kept); n > 0 && kept[n-1].Item == p.Item {
			kept[n-1].Times++
		} else {
			kept = append(kept, p)
		}
	}
	t.bought = kept
}

// share divides the positions among tastes, of what is not promoted.
func (t *tastes) share(p *rulebook.Promoted) {
	t.shares = t.shares[:0]
	rest := 1.0
	if p != nil {
		t.shares, rest = append(t.shares, p.Share), 1-p.Share
	}
	for _, share := range t.of.Shares {
		t.shares = append(t.shares, float64(rest*share))
	}
}

// maskAt is an explore.Problem's: the rules' first, and a promoted position is that.
func (s *scratch) maskAt(at explore.At, remove, pool bitmap.Bits) {
	if s.masks {
		s.prefix.Mask(at, remove, pool)
	}
	t := &s.tastes
	if t.of == nil {
		return
	}
	taste := explore.Turn(t.shares, at.Turn, at.Position, at.Count) - (len(t.shares) - len(t.of.Shares))
	if taste >= 0 && taste < len(t.of.Shares) {
		set := t.pools[taste]
		copy(pool, set[:min(len(set), len(pool))])
	}
}
