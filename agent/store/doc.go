// Package store derives tables from the node's log and keeps them: one door to
// bbolt, one path for every change.
//
// [Store.Commit] appends a record to the log and applies it to the tables as
// one step. Applied rows lie in memory until a flush writes them to their bbolt
// file, together with the position they stand for; a start reads the rest of
// the log through the same [Deriver.Apply]. So the log is the only commit
// point: a crash anywhere leaves tables that are some true past of the log, and
// the log makes up the difference. A flush first makes the log durable up to
// what it writes, or a power cut would leave rows of records that never were.
//
// # Files, version 0
//
//	state.db      consent, ids, histories, holds
//	profiles.db   sealed profiles
//	catalogue.db  items and stock
//	checkpoint/   a verified copy of each, from which it is rebuilt
//	*.quarantine  the last file of that name that could not be trusted
//
// Each is a bbolt file with a bucket a table, and the bucket "\x00aisle" whose
// key "position" says how far the log is in the file (integers big-endian):
//
//	offset  size  field
//	0       1     version, 0
//	1       16    epoch of the log
//	17      8     sequence of the last record applied
//	25      8     its node time in Unix milliseconds
//
// In a table whose rows expire, a value is preceded by the 8 bytes of the node
// time it was written at. An expired row is invisible at once, to the record,
// and leaves the file some time later: so tables are a function of the log
// alone, whenever they are swept.
//
// # Failure
//
// A file that is damaged, at the start or in service, is set aside and rebuilt
// from its checkpoint and the log, and does not touch the other two; in service
// that takes a restart: [Store.Run] ends with [ErrCorrupt]. A file at its
// limit refuses growth with [ErrFull] and keeps a tenth for deletes and for
// what must still be possible, like a withdrawal. A flush that fails for
// another reason is tried again; until then rows wait in memory, up to a bound.
package store
