package profile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrNoKey: the person has no key, or not any more; nothing of them can be opened.
	ErrNoKey = errors.New("profile: no key for this person")
	// ErrSealed: what was to be opened is not what was sealed.
	ErrSealed = errors.New("profile: sealed data is damaged or of something else")
)

const keySize = 32

type key [keySize]byte

// Vault holds the key of every person. All methods may be called at the same time.
type Vault struct {
	mu   sync.RWMutex // guards keys and file: a rewrite changes both
	keys map[wire.Pseudonym]key
	file *keyFile
}

// overhead is by how many bytes sealed data is longer than plain.
const overhead = 12 + 16

// Seal appends plain, sealed as this version of this person's profile, to dst,
// and makes the person a key if there is none.
func (v *Vault) Seal(dst []byte, who wire.Pseudonym, version uint64, plain []byte) ([]byte, error) {
	k, ok := v.key(who)
	if !ok {
		var err error
		if k, err = v.make(who); err != nil {
			return dst, err
		}
	}
	return seal(dst, k, versionOf(who, version), plain), nil
}

// Open appends what was sealed as this version of this person's profile to dst.
// ErrNoKey, ErrSealed.
func (v *Vault) Open(dst []byte, who wire.Pseudonym, version uint64, sealed []byte) ([]byte, error) {
	return v.open(dst, who, versionOf(who, version), sealed)
}

func (v *Vault) open(dst []byte, who wire.Pseudonym, bound, sealed []byte) ([]byte, error) {
	k, ok := v.key(who)
	if !ok {
		return dst, ErrNoKey
	}
	plain, err := aead(k).Open(dst, nil, sealed, bound)
	if err != nil {
		return dst, ErrSealed
	}
	return plain, nil
}

// Sync returns nil once every key made so far survives a power cut.
func (v *Vault) Sync() error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.file.sync()
}

// Rewrite keeps the keys of those persons whom keep names, under a new epoch key,
// and makes the old one useless; the others' sealed data can't be opened from
// then on, wherever copies of it lie. After an error either the old keys or the
// new ones are in place, both in memory and on the disk.
func (v *Vault) Rewrite(keep func(wire.Pseudonym) bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept := make(map[wire.Pseudonym]key, len(v.keys))
	for who, k := range v.keys {
		if keep(who) {
			kept[who] = k
		}
	}
	next, err := v.file.rewrite(kept)
	if next != nil {
		v.file, v.keys = next, kept
	}
	if err != nil {
		return fmt.Errorf("rewrite the keys: %w", err)
	}
	return nil
}

func (v *Vault) key(who wire.Pseudonym) (key, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	k, ok := v.keys[who]
	return k, ok
}

func (v *Vault) make(who wire.Pseudonym) (key, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if k, ok := v.keys[who]; ok {
		return k, nil
	}
	k := newKey()
	v.file.add(who, k)
	v.keys[who] = k
	return k, nil
}

func newKey() (k key) {
	rand.Read(k[:]) // never fails
	return k
}

func versionOf(who wire.Pseudonym, version uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 32), who[:]...), version)
}

func seal(dst []byte, k key, bound, plain []byte) []byte {
	return aead(k).Seal(dst, nil, plain, bound)
}

// aead puts a random nonce before what it seals.
func aead(k key) cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // of another key length only
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // of another cipher only
	}
	return gcm
}
