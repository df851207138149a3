// Package coordinate keeps what answers promised: it holds what was promised, so
// that it is not promised twice, keeps the budgets that prices come out of, and the
// actions by which a place makes it ready.
//
// A decision that shows an item in a slot that holds takes it out of what can be
// promised, in the same step in which it is recorded: who commits next sees the
// item gone. A hold is over by its own time, when the item was bought or let go
// as an outcome of its decision, when an action for it was rejected or expired,
// when its person is erased, or when Release says so. It survives a restart.
//
// A till that reports a sale moves the stock before it tells the outcome:
// between the two the item would seem to be there once more.
//
// # Actions
//
// A decision carries plans: what functions of the place (stock room, pricing,
// fulfilment, service) do for each of its positions. An action there is as soon as
// the record is in the log that calls for it: the decision itself, the activation of
// a deferred one, or an outcome of the item shown. Each is there once, under the id
// that decision, position and plan make.
//
//	proposed → approved | edited | rejected         by the staff
//	approved | edited → sent | failed               by its delivery
//	approved | edited | sent | failed → done        by the function or the staff
//	all of these → rejected                         likewise
//
// Where the rulebook asks for no approval an action begins as approved. When it is
// due it ends: expired, unless its function has it or refused it. Any other change is
// refused, and has no effect where a log holds it all the same. An edit makes the
// position hold the other item and quantity.
//
// There are at most 8,192 actions that something may still become of; more are not
// taken, and counted. Of those that ended the last 1,024 are remembered.
//
// # Budgets
//
// A decision that shows a price which an offer with a budget makes reserves what
// that takes off, for as many of the item as are promised: as long as the hold or
// quote of the slot, or ten minutes. A purchase or redemption of the decision's item
// spends it, once for each that was promised; a return or void gives it back, and a
// void of what was not sold lets go. What is sold after its time counts all the same,
// as the money is gone: then more may be spent than there is, and nothing further is
// given. How much there is, a release says (rules.Offer.Share), not the log.
//
// Who redeemed an offer that runs once for each person, or now and then, is
// remembered until 30 days after its end, for ever if it has none, and forgotten with
// an erasure and with the last purpose for which a person may be known. An offer that
// is prolonged later than that counts anew.
//
// # Time
//
// Holds, reservations and actions end by node time, and what is derived from the log may depend on
// the log alone: so what is due ends with the next record, whatever it is, and Settle
// makes one when none comes.
//
// # Rows, version 0
//
// In state.db.
//
//	table     key                     value
//	holds     decision 16, position   version, quantity (4, little-endian), end in
//	                                  node time (8), and the item's id
//	actions   and plan                wire.Action
//	prepared  decision 16             wire.Prepared; lives 72 hours
//	promised  decision 16, position   version, end in node time (8, 0: reserves nothing),
//	                                  units (4), of those sold (4), the item as a text;
//	                                  then by offer flags (1 pays, 2 once), discount of
//	                                  one (8), end of the offer (8), its id as a text;
//	                                  a text is its length (2) and bytes; lives 72 hours
//	sold      likewise                likewise, what was sold, and what reserves for more
//	                                  than 72 hours; lives 30 days
//	spent     offer                   version, amount (8)
//	redeemed  person 16, offer        version, last redeemed (8), end of the offer (8),
//	                                  count (4); the key has xxhash64 of the offer's id
//	redeemed-ends                     end of the offer (8, big-endian), key of redeemed
package coordinate
