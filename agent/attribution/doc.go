// Package attribution knows which decisions were made and what came of them: it
// finds a decision by its event id, joins outcomes to decisions, takes each
// outcome once, and remembers what a person or a session was shown and did, and how
// often the node showed what.
//
// # Joining
//
// An outcome that names an event belongs to its decision. One that names none
// belongs, in each slot, to the decision that last showed its item to the same
// basket, session or person, in the order of the slot's attribution and within
// its window; a join by person needs the purpose measurement. So a sale counts
// for at most one decision a slot; in further slots it is recorded again, under
// its id with "@" and the slot, which the history of the same person or household
// does not count again. What is joined to nothing is recorded as it is: the centre may
// know its decision.
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
// # What everybody was shown
//
// Showings are counted by item, by offer and answers by slot, of nobody: an erasure
// leaves them. They begin with the first decision of a release that has a cap of the
// node, as its record says, and go on for 32 days after the last that was counted,
// whatever the release. A deferred answer counts once it is shown.
//
// Each thing has its own series of buckets, of 1,024 ms while they are young, and ever
// wider: at most some 350, in 1.5 KB of a row and 4 KB of memory for what is shown
// every second for a month. What is older than 32 days is forgotten. At most 65,536
// items are counted by themselves, so the worst is 256 MB, and 10,000 items that are
// each shown a hundred times a month take some 15. Further ones count together, and
// each of them, and each brand and category, as if all of those were its.
//
// # Rows, version 0
//
// In state.db; integers are little-endian. An event's key is the first 16 bytes
// of the SHA-256 of its id, an outcome's likewise; that of a UUIDv7 has its time, 48
// bits, in place of the first six.
//
//	table     key      value
//	events    event    version; flags: 1 deferred, 2 activated, 4 the id
//	                   is of a group, the rest of its first decision; 4 bytes of the
//	                   log's epoch; 8 sequence; 8 of the request's digest
//	deferred  event    version; decision 16; person, session, basket,
//	                   household 16 each; slot 4; sequence 8; 1 if it counts for
//	                   everybody; then items, 8 each, with their offer's key, 8
//	told      outcome  8 sequence
//	persons   person   a history; lives 30 days, as told from its last change
//	sessions  session  a history, also of baskets; lives 24 hours
//	households household  a history; lives 30 days
//	members   person   16 household, as of the last decision that told it; lives 30 days
//	showings  1 byte of what (1 item, 2 slot, 3 offer, 4 other items), 8 bytes
//	          (big-endian) of its hash: version; then of each bucket as uvarints its
//	          time in 1,024 ms less that of the one before, and how often; lives 32 days
//
// A history is a version, flags (1: nothing may be written) and then groups:
//
//	offset  size  field
//	0       1     0: shown; else the type of an outcome
//	1       1     number n of items, at most 100
//	2       2     times: of goods how many; else more than 1 where entries were joined
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
