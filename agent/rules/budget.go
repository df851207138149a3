package rules

import "math"

// budget is that of an offer as one decision sees it.
type budget struct {
	asked       bool
	used        int64 // spent and reserved
	limit       int64 // what this node may give away
	paced       int64 // below or at which used must be to give more; with no pacing the greatest number
	most, least int64 // the greatest amount that it let pass, -1 for none, and the least that it did not
}

// ask reads what there is of an offer's budget.
func (b *budget) ask(o *Offer, now, used int64) {
	*b = budget{asked: true, used: used, limit: o.Share, paced: math.MaxInt64, most: -1, least: math.MaxInt64}
	if o.Pacing == "even" {
		b.paced = share(o.Share, now-o.StartsMs, o.EndsMs-o.StartsMs)
	}
}

// share is the part of an amount that belongs to the elapsed part of a time,
// rounded down.
func share(amount, elapsed, whole int64) int64 {
	switch {
	case elapsed <= 0 || whole <= 0:
		return 0
	case elapsed >= whole:
		return amount
	}
	return int64(mulDiv(uint64(amount), uint64(elapsed), uint64(whole)))
}

// leaves tells whether an amount may be given where so much is given besides.
func (b *budget) leaves(amount, besides int64) bool {
	used := b.used + besides
	return used < b.limit && used <= b.paced && amount <= b.limit-used
}

// pass is leaves, and remembers for unmoved what it said.
func (b *budget) pass(amount int64) bool {
	if b.leaves(amount, 0) {
		b.most = max(b.most, amount)
		return true
	}
	b.least = min(b.least, amount)
	return false
}

// lasts tells whether so many positions can take from it whatever they are.
func (b *budget) lasts(positions int) bool {
	if b.most <= 0 || positions <= 1 {
		return true
	}
	besides := int64(positions-1) * b.most
	return besides/b.most == int64(positions-1) && b.leaves(b.most, besides)
}

// unmoved tells whether it lets pass what it did, now that so much is used.
func (b *budget) unmoved(used int64, positions int) bool {
	if used == b.used {
		return true
	}
	now := *b
	now.used = used
	return b.lasts(positions) && now.lasts(positions) &&
		(b.most < 0 || now.leaves(b.most, 0)) && (b.least == math.MaxInt64 || !now.leaves(b.least, 0))
}

// pace is in (0, 1] how much of the budget is left, against how much of the
// offer's time.
func (b *budget) pace(o *Offer, now int64) float64 {
	left := float64(b.limit-b.used) / float64(b.limit)
	if o.StartsMs > 0 && o.EndsMs > o.StartsMs && now < o.EndsMs {
		left /= float64(o.EndsMs-now) / float64(o.EndsMs-o.StartsMs)
	}
	return min(1, left)
}
