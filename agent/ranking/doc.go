// Package ranking makes one decision end to end: who may be known, what may be
// shown, what it is worth, what is drawn, what is promised, what is recorded.
//
// # Order
//
// The slot is found in the release that runs; the person, what they grant and what
// they saw are read in one view; the rules leave some of the candidates; a model,
// or an order where none may score, gives each a worth; all that was read is held
// against what is so now; positions are drawn one after the other, masked by the
// rules about what stands together, in the pools of promoted items and of a person's
// tastes, means lowered by likeness to what stands above; the record is committed.
// Nothing is removed or moved after the draw, so every recorded probability is the
// one it was drawn with.
//
// Where campaigns compete by value, a worth is what a model predicts times the net
// margin at the item's price, times how much is left of the budgets it comes from for
// the time that is left; the record holds both factors. Where they have tiers, the
// highest that has anybody left is the pool of a position.
//
// From there to the record the store's lock is held. What the rules saw must be so
// still: the event, the person, what budgets and caps of the node let pass and, where
// something is held, the goods. If something moved, all of it runs again as the next
// attempt, and only the attempt that is committed was ever made. The draw comes after
// that look, so nothing that is drawn, nor how long drawing it takes, has a say in
// which attempt is kept.
//
// # Failure
//
// A module that fails, is busy or would be late costs the worths and not the answer:
// it scores a Shortlist, or the slot's order serves as Baseline, and DegradedBy says
// why. A release that takes over in the middle costs nothing. An event that was decided before has its recorded answer, or is
// refused with EventClash where the request is another one.
//
// A full log refuses what holds, what counts towards a cap and what must be
// durable; other decisions are answered without a record, and counted as lost in
// the log. After any other Refusal nothing is held and nothing was recorded, except
// what a failing disk took and could not vouch for.
package ranking
