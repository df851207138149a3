// Package profile keeps what is known about persons so that only their keys can
// open it, and forgetting a key is forgetting the person.
//
// Every person has a random data key. What is kept of them, rows of profiles.db
// and parts of decisions for their replay, is AES-256-GCM under that key, bound
// to the pseudonym and to what it is (a version, or a decision's id), so that
// nothing sealed can pass for something else. The keys lie apart from it, each
// wrapped by the key of the epoch, which the device's master key wraps. Bodies
// are opaque here: who may read which field is agent/consent's.
//
// # Files, version 0
//
// Integers are little-endian; "wrapped" is a nonce of 12 bytes, the encrypted
// key, and a tag of 16.
//
//	keys/master.key                         keys/profiles.keys, header
//	offset  size  field                     offset  size  field
//	0       8     "AISLEMST"                0       8     "AISLEKEY"
//	8       4     version, 0                8       4     version, 0
//	12      32    master key                12      16    epoch
//	44      4     CRC32C of all before      28      60    epoch key, wrapped; with epoch
//	                                        88      4     CRC32C of all before
//
//	keys/profiles.keys, entry; the first is at 92, a later one of a person counts
//	offset  size  field
//	0       16    pseudonym
//	16      60    data key, wrapped; with epoch and pseudonym
//	76      4     CRC32C of all before
//
//	profiles.db, table "profiles": pseudonym to version (8, big-endian) and body,
//	sealed with pseudonym and version
//
//	replay/<hour of the decision's id since 1970>.part; header "AISLERPL", version
//	(4, 0); then entries
//	offset  size  field
//	0       4     length n of the sealed part
//	4       4     CRC32C of the rest of the entry
//	8       16    decision id
//	24      16    pseudonym
//	40      n     part, sealed with pseudonym and decision id
//
// # Erasure
//
// [Vault.Rewrite] makes what was sealed of a person useless wherever it lies,
// [Replay.Forget] takes it out of replay/; rows go with the store's wire.Erasure.
//
// # Failure
//
// Keys are durable once Sync has returned, and whoever acknowledges a row that
// was sealed calls it first. A crash before leaves a row without a key, which
// was never acknowledged and reads as absent ([ErrNoKey]). A key file that can't
// be read is set aside and a new epoch begins: profiles are absent until they
// come again, and the node serves on. On flash, with the master key in a plain
// file beside it, an old epoch key may survive in blocks the file system no
// longer shows.
package profile
