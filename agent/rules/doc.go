// Package rules says what a slot may show: where its candidates come from, what
// they cost after the slot's offers, what the rulebook leaves of them, and in
// which order they stand when no model scores.
//
// What depends on the catalogue, the release and the running offers alone is
// worked out once, in a View, and kept until one of them changes: an item
// written, an offer that starts or ends. A decision takes the candidates that are
// left, with those in stock, and removes what this person or session may not see.
// All of it happens before anything is drawn, but for the rules about what stands
// together in one answer, which the draw asks at each position ([Prefix]).
//
// Each rule makes sets of items, once a View: what it removes or is about, with and
// without what the items' part of unless excuses, and for avoid, needs and age a set
// a word or age. All of them are rows of bits, one an item; candidates, of the slot
// or of a caller, take their rows and turn them into sets of candidates. What a
// decision then does with a rule is mostly one AND-NOT.
//
// # Order of rules
//
// A candidate that several rules remove is counted for the first of them: the
// rules of kinds active, margin, price and exclude that don't depend on the request,
// in the slot's order, then stock without conditions and holds, then all other rules
// in the slot's order, then the offers' own caps, then what the request excludes.
// Besides the rulebook's ids the counts name [Excluded], [Held] and [OfferCap].
//
// # What is not known
//
// Whatever a rule would have to know and does not removes: a request that does not
// say what when or unless asks for, a person whose age is unknown, a class that was
// not granted. Only avoid and needs do nothing for who did not say what.
//
// A caller may give actions that are no items of the catalogue. Nothing is known of
// them, so each rule that asks about items removes them: all but plain lists of
// items, and caps and suppressions of items, which go by the id.
//
// # Pins and promoted items
//
// A pin stands where the rules leave it, also beside the pins above it; what is drawn
// keeps to rules with the pins wherever they are. Promoted items are the pool of
// their share of positions, which rotates from decision to decision.
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
