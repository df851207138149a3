package wire

import "crypto/sha256"

// Pseudonym stands for a person, a session, a basket or a household wherever one is written
// down. Without the tenant's secret it says nothing about the id.
type Pseudonym [16]byte

// Kind keeps the pseudonyms of persons, sessions, baskets and households apart, also where
// their ids are equal.
type Kind string

const (
	Person    Kind = "person"
	Session   Kind = "session"
	Basket    Kind = "basket"
	Household Kind = "household"
)

// Pseudonymise is HMAC-SHA256(secret, kind || 0 || id), its first 16 bytes. It
// does not allocate while id is at most 256 bytes.
func Pseudonymise(secret []byte, kind Kind, id string) Pseudonym {
	if len(secret) > sha256.BlockSize {
		sum := sha256.Sum256(secret)
		secret = sum[:]
	}
	// crypto/hmac allocates its state; this runs up to four times a decision.
	var inner [sha256.BlockSize + 8 + 1 + 256]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(inner[:], secret)
	copy(outer[:], secret)
	for i := range sha256.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	msg := append(inner[:sha256.BlockSize], kind...)
	msg = append(msg, 0)
	msg = append(msg, id...)
	sum := sha256.Sum256(msg)
	copy(outer[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(outer[:])
	return Pseudonym(sum[:16])
}

// Tombstone is what is left of an erased person's pseudonym, to know them by when
// an older copy of their data comes in: SHA-256("aisle erased" || 0 || p), its
// first 16 bytes. It can't be joined with any record.
func (p Pseudonym) Tombstone() Pseudonym {
	sum := sha256.Sum256(append([]byte("aisle erased\x00"), p[:]...))
	return Pseudonym(sum[:16])
}
