// Package journal is a node's append-only log: what Sync returned nil for is
// on the disk, in the order of Append, and survives a power cut.
//
// One writer at a time commits for all: whoever waits first writes everything
// that is pending and calls fdatasync once; the others wait for that call.
// Payloads are opaque. Each gets the next sequence, dense from 1 within the
// epoch, 16 random bytes minted with the directory.
//
// # Files, version 0
//
// A file is named by its first sequence (16 hexadecimal digits and ".log") and
// preallocated with written zeros, so that a commit overwrites and never
// changes metadata. The file "next" is one being prepared, "rewrite" one that is
// to take another's place, both worth nothing after a crash. A rewritten file ends
// with its last record. Integers are little-endian.
//
//	offset  size  field of the header
//	0       8     "AISLELOG"
//	8       4     version, 0
//	12      16    epoch
//	28      8     sequence of the first record
//	36      8     first sequence of the file before; 0: none was before
//	44      4     CRC32C of bytes 0 to 44
//	48      4048  zero
//
//	offset  size  field of a record; the first is at 4096
//	0       4     length n of the payload, 1 to MaxRecord; 0: the file ends here
//	4       4     CRC32C of epoch, payload and the next field, in this order
//	8       8     sequence; bit 63 set: all before it was synced when it was written
//	16      n     payload
//
// A file ends where the next begins, whatever lies behind in it. The last file
// ends at the first record that is not whole and true: that is a torn write,
// never acknowledged, and is zeroed before anything is appended, so that stale
// bytes can't come back. But if a record behind it carries bit 63, what is
// broken had been synced: that is damage, and Open says so instead of cutting.
// (Damage to the very last commit looks like a torn write; whoever keeps a
// position past the end finds it out.)
//
// It is assumed that rewriting a disk sector with a longer version of itself
// leaves the old bytes or the new, and that fdatasync tells the truth.
//
// # Failure
//
// A file whose write or fsync failed is never written again, for the system
// may have forgotten what it did not write. The commit tries once more in a
// new file that begins with the first record not yet durable. If that fails
// too, all who wait get [ErrFailed], so does every Append, the pending records
// stay in memory, and [Journal.Run] tries again every second. Sync never
// reports a record durable on the ground of a failed call.
package journal
