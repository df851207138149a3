// Package coordinate holds what was promised, so that it is not promised twice.
//
// A decision that shows an item in a slot that holds takes it out of what can be
// promised, in the same step in which it is recorded: who commits next sees the
// item gone. A hold is over by its own time, when the item was bought or let go
// as an outcome of its decision, when its person is erased, or when Release says so. It survives a restart.
//
// A till that reports a sale moves the stock before it tells the outcome:
// between the two the item would seem to be there once more.
//
// # Time
//
// Holds end by node time, and what is derived from the log may depend on the log
// alone: so a hold that is due ends with the next record, whatever it is, and
// Settle makes one when none comes.
//
// # Rows, version 0
//
// In state.db, table "holds": 16 bytes decision and 1 byte position, which
// together are the hold's id, to version, quantity (4, little-endian), end in
// node time (8), and the item's id.
package coordinate
