// Package rules says what a slot may show: where its candidates come from, what
// they cost after the slot's offers, what the rulebook leaves of them, and in
// which order they stand when no model scores.
//
// What depends on the catalogue, the release and the running offers alone is
// worked out once, in a View, and kept until one of them changes: an item
// written, an offer that starts or ends. A decision takes the candidates that are
// left, with those in stock, and removes what this person or session may not see.
// All of it happens before anything is drawn.
//
// # Order of rules
//
// A candidate that several rules remove is counted for the first of them: the
// rules of kinds active, margin and exclude in the slot's order, then stock and
// holds, then caps and suppressions in the slot's order, then the offers' own
// caps, then what the request excludes. Besides the rulebook's ids the counts
// name [Excluded], [Held] and [OfferCap].
//
// # Items nobody knows
//
// A caller may give actions that are no items of the catalogue. Nothing is known
// to be active, in stock or of any margin of such, so those rules remove it.
//
// # Offers
//
// An offer runs in its window while its status is active, for the items it names.
// Of several the lowest price wins, then the higher priority, then the first. One
// that is not below the price, or of another currency, changes nothing; one with
// a condition, a cadence or a budget does not run, since nothing here could keep
// to it. per_person_cap counts showings of the item in the slot since the offer
// began, as far back as a person is remembered.
package rules
