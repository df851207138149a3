// Package outbox sends a node's log up: it seals durable records into segments,
// keeps the sealed bytes on disk, sends them until the ledger has them, and
// says how far that is.
//
// A segment is sealed once, and again only when its records are rewritten, as the
// next revision. Whatever is lost, refused or unanswered, the same bytes go out
// again under the same id. That the hub stored a segment is no
// reason to delete it; only the mark is, which ingest raises when the ledger
// has everything up to it. Even then the bytes stay for a day while there is
// space, should the ledger need them again.
//
// # Folder
//
//	EPOCH-FIRST-LAST.seg           sealed and not covered by the mark
//	EPOCH-FIRST-LAST.done          covered by the mark at the file's modification time
//	EPOCH-FIRST-LAST-REVISION.seg  resealed, or .done
//	EPOCH-FIRST-LAST.seg.new       being written; worth nothing after a crash
//
// EPOCH is 32, FIRST and LAST are 16, REVISION, which is above 0, 8 hexadecimal
// digits. Of several revisions the highest counts. There is no other
// state: a start continues from what is there. The newest segment always stays,
// as the place to go on from. Segments of an earlier epoch are sent and kept
// like the others, until marks of their own epoch cover them.
//
// # Failure
//
// A crash before a segment has its name leaves a range to be sealed again, never
// one that was sent. If a file is missing in the middle, those behind it are
// removed and sealed again from the log, which holds all that isn't confirmed;
// ingest counts records, not segments. A failing disk or hub is tried again for
// ever and told in [Stats]. A mark, or a sealed segment, beyond the end of the
// log means that the log lost what it had made durable: [ErrBeyond].
package outbox
