// Package rules says what a slot may show: where its candidates come from, what
// they cost after the slot's offers, what the rulebook leaves of them, and in
// which order they stand when no model scores.
//
// What depends on the catalogue, the release and the running offers alone is
// worked out once, in a View, and kept until one of them changes: an item
// written, an offer that starts or ends. A decision takes the candidates that are
// left, with those in stock, and removes what this person or session may not see.
// All of it happens before anything is drawn, but for the rules about what stands
// together in one answer, and caps that an answer may come to the end of, which the
// draw asks at each position ([Prefix]).
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
// in the slot's order, then, where stock without conditions or a hold matters, what
// somebody did not find, then stock and holds, then all other rules in the slot's
// order, then what is there by an offer that does not run, then what the request
// excludes. Besides the rulebook's ids the counts name [Excluded], [NotFound], [Held]
// and [NoOffer]. Where an offer of the slot is decided for each request, rules of
// kinds margin and price are, too.
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
// # Caps
//
// A cap of brands, categories or an offer counts what stands above in an answer like
// what was shown before: with a cap of two, who saw one gets one more, not three. So it
// is for who is known, and for a session and household that there is; of nobody nothing
// is counted. Items stand once in an answer, and a slot's cap counts answers, so theirs
// are kept by the history alone.
//
// A cap per node counts what anybody was shown, as package attribution does. A view
// keeps for each such rule what is left of each of its groups; a decision takes in
// what was shown since the last one that asked, and the commit asks once more
// ([Candidates.Recounted]). Where an answer may show several items of a group that is
// near its end, the draw keeps to what is left. So no answers together show more than
// the cap says, but those that were deferred: they count when they are shown. The span
// is made of buckets of at most a sixteenth of the window, 1,024 ms at least, and one
// counts until all of it is past; all of them are counted anew when one is.
//
// # Pins and promoted items
//
// A pin stands where the rules leave it, also beside the pins above it; what is drawn
// keeps to rules with the pins wherever they are. Promoted items are the pool of
// their share of positions, which rotates from decision to decision.
//
// # Offers
//
// An offer runs in its window while its status is active, for the items that it
// names and that the items' part of its condition holds for, at regular prices. One
// that is not below the price, or of another currency, changes nothing. One without
// anything else runs for everybody, and a View has its prices. Personal ones are
// decided for each request, and price just the items that they are for once more; a
// View keeps what that comes to for its own candidates, where which offers run is all
// that it hangs on:
//
//	condition       must be true; what is withheld, or nobody says, makes it run for
//	                nobody whom it would tell apart
//	one_time        for who may be known and did not redeem it yet
//	repeating:7d    for who may be known and did not since the last full 7 days,
//	                counted from its start
//	subscription:x  for whom the list x, a declared field, holds the offer's id
//	threshold:n     for who may be known and bought n of its items since it began, by
//	                quantity (of what is weighed any begun unit), less what they took
//	                back, as far back as a person is remembered
//	per_person_cap  not for an item that this person was shown so often in the slot
//	                since it began, or in the 720h that a person is remembered; what
//	                was shown to nobody known is not counted
//	budget          while what it takes off the regular price of an item by itself, for
//	                as many as are held, is left of this node's share; a budget of 0 is
//	                never left
//	pacing: even    while no more is used than the elapsed share of its window, so at
//	                most that and one discount
//
// An item whose offer does not run stays at its other price. Where the slot's source
// is offers, it leaves with the last that covers it.
//
// Offers with stack: yes are one way to a price together: the lowest of their fixed
// prices, then their percents by priority, each of what is left. Every other offer is
// a way by itself. Of the ways the lowest price wins, then the higher priority, then
// the first in the file; where the slot arbitrates, see rulebook.Arbitration. Value
// there is that of the item at its margin: a model predicts once, before its price is
// chosen, so of offers for one item the one that leaves most is worth most.
// Rules that count by offer take the first of those applied, and of what is no
// candidate the one that everybody has.
//
// What budgets leave is asked three times: for each item by itself; at each position,
// where what stands above may take too much ([Candidates.Spent]); and under the
// commit ([Candidates.Affordable]), where nothing that was drawn is looked at.
//
// Features of items and the baseline by margin see the prices of the decision: for the
// few items with one of its own that, for all others everybody's. Conditions about
// items ask for everybody's.
//
// A price is personal where somebody of whom nothing is known would be asked another
// one in the same request: a field, what they bought, redeemed or were shown made the
// difference. What hangs on the context, the time or a budget alone is not.
package rules
