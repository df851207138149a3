// Package erasure makes what a node holds of a person unreadable, wherever on the
// node it lies, and keeps at it through crashes until it is done.
//
// # What is erased
//
// The person's key; their rows (consent, profile, history); every record of the log
// and of queued segments that names them, that is of a session or basket which
// theirs share with no other known person, or that belongs to a decision so found;
// the rows of those sessions, baskets and decisions, their holds ended; and parts
// kept for replays. A record is replaced whole, by a wire.Erased that keeps its
// sequence, its time, its kind and its slot: an anonymous rest of a decision could
// be matched with a till's receipt. Logs that were set aside are emptied.
//
// What stays: digests of event and outcome ids until they expire, so that nothing
// counts twice; records and histories of sessions that another known person shares;
// the tombstone of the pseudonym, by which package consent refuses older copies of
// the person; and what went up before, which is the centre's to erase when it reads
// the wire.Erasure.
//
// # Order
//
// Each step is durable before the next, and can be repeated:
//
//	intent   the list of erasures under way has the person; from here on a start
//	         takes it up again
//	barred   a wire.Erasure in the log takes the rows away: nobody knows the person
//	keys     a new epoch of keys, without theirs
//	found    the list has what of the log and the queue is theirs
//	rows     a wire.Erasure takes away the rows of that
//	tables   state.db and profiles.db are rewritten, and their checkpoints
//	replay   parts are taken out
//	log      records are replaced, that of the wire.Erasure by one that names nobody
//	queue    segments are sealed again as their next revision
//	aside    logs that were set aside are emptied
//	done     the list is destroyed
//
// All that were asked for when a round begins are erased in it together; who comes
// later waits for the next. Who asks is answered after the last step. Decisions go on
// meanwhile. A consent that is given before it is done may be taken for the older one
// and erased.
//
// # File, version 0
//
// keys/erasures, written whole at each change, and overwritten before it is removed:
// "AISLEERA", version (4, little-endian), then wire.Erasure messages, each as its
// length (uvarint) and its encoding, then CRC32C of all before. Those of one receipt
// are one erasure. A list that can't be read is reported at the start, and
// goes with the next change.
//
// # Failure
//
// A step that fails, as on a full disk, is tried again every minute and at every
// start; who asked is told that the erasure goes on by itself ([ErrPending]). Blocks
// that the file system no longer shows are out of reach, see package profile.
package erasure
