// Package attribution knows which decisions were made and what came of them: it
// finds a decision by its event id, joins outcomes to decisions, takes each
// outcome once, and remembers what a person or a session was shown and did.
//
// # Joining
//
// An outcome that names an event belongs to its decision. One that names none
// belongs, in each slot, to the decision that last showed its item to the same
// basket, session or person, in the order of the slot's attribution and within
// its window; a join by person needs the purpose measurement. So a sale counts
// for at most one decision a slot; in further slots it is recorded again, under
// its id with "@" and the slot. What is joined to nothing is recorded as it is:
// the centre may know its decision.
//
// A caller's time counts for the window unless it is implausible: more than five
// minutes ahead of the node's or seven days behind. Then the record says so, and
// its own time counts.
//
// # Who may be remembered
//
// A person is written down where personalised_offers, personalised_content or
// measurement is granted, and what is remembered of them serves caps,
// suppression and joins alone: no feature is read from it. A consent that grants
// none of these ends it at once. What a household saw and did is that of members who
// may be known; when one of them may not be any more, all of it goes.
//
// What features may know a person bought is kept in their profile, by package
// consent and its purposes; a crash after an outcome's record and before that of
// the profile leaves it out there. A session or basket is no person, and is known
// to the node by a pseudonym alone; how much a session was shown and clicked,
// features may count.
//
// # Rows, version 0
//
// In state.db; integers are little-endian. An event's key is the first 16 bytes
// of the SHA-256 of its id, an outcome's likewise.
//
//	table     key      value
//	events    event    version; flags: 1 deferred, 2 activated, 4 the id
//	                   is of a group, the rest of its first decision; 4 bytes of the
//	                   log's epoch; 8 sequence; 8 of the request's digest
//	deferred  event    version; decision 16; person, session, basket,
//	                   household 16 each; slot 4; sequence 8; then items, 8 each
//	told      outcome  8 sequence
//	persons   person   a history; lives 30 days, as told from its last change
//	sessions  session  a history, also of baskets; lives 24 hours
//	households household  a history; lives 30 days
//	members   person   16 household, as of the last decision that told it; lives 30 days
//
// A history is a version, flags (1: nothing may be written) and then groups:
//
//	offset  size  field
//	0       1     0: shown; else the type of an outcome
//	1       1     number n of items, at most 100
//	2       2     times: more than 1 where entries were joined
//	4       4     slot: low half of the xxhash64 of its id
//	8       8     node time
//	16      8     sequence of the decision or outcome
//	24      8·n   xxhash64 of each item's id
//
// A history has at most 1,024 items. When it grows longer, its older half is
// joined by type, item and slot, as if all had been at the latest time: a cap then
// lasts too long rather than too short. What is too much still goes, oldest first.
//
// # Failure
//
// A decision whose record is no longer in the log, or was erased, is ErrGone; its
// event id stays known for 72 hours, and an outcome's id for seven days, so that it
// can't count again.
package attribution
