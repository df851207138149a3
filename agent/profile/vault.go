package profile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

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
	rewriting sync.Mutex // lets one Rewrite at a time

	mu   sync.RWMutex // guards what follows, and is never held across a call on the disk
	keys map[wire.Pseudonym]key
	file *keyFile
	made []wire.Pseudonym // who got a key while a rewrite is under way; else nil

	ready [512]atomic.Pointer[cipherOf] // of some persons, by the first bytes of the pseudonym
}

// cipherOf is a person's key made ready, which takes longer than opening a profile
// with it.
type cipherOf struct {
	key  key
	aead cipher.AEAD
}

// cipher is aead of a key that the person has now.
func (v *Vault) cipher(who wire.Pseudonym, k key) cipher.AEAD {
	at := &v.ready[(int(who[0])|int(who[1])<<8)%len(v.ready)]
	c := at.Load()
	if c == nil || c.key != k {
		c = &cipherOf{k, aead(k)}
		at.Store(c)
	}
	return c.aead
}

// unready forgets what was made ready, be it of whomever.
func (v *Vault) unready() {
	for i := range v.ready {
		v.ready[i].Store(nil)
	}
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
	return v.cipher(who, k).Seal(dst, nil, plain, versionOf(who, version)), nil
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
	plain, err := v.cipher(who, k).Open(dst, nil, sealed, bound)
	if err != nil {
		return dst, ErrSealed
	}
	return plain, nil
}

// Sync returns nil once every key made so far survives a power cut.
func (v *Vault) Sync() error {
	for {
		v.mu.RLock()
		f := v.file
		v.mu.RUnlock()
		if err := f.sync(); err != errRetired {
			return err
		}
	}
}

// Rewrite keeps the keys of those persons whom keep names, under a new epoch key,
// and makes the old one useless; the others' sealed data can't be opened from
// then on, wherever copies of it lie. Who opens or seals does not wait for it, who
// calls Sync does. After an error either the old keys or the new ones are in
// place, both in memory and on the disk.
func (v *Vault) Rewrite(keep func(wire.Pseudonym) bool) error {
	v.rewriting.Lock()
	defer v.rewriting.Unlock()
	old := v.file // changed by rewrites only
	old.syncing.Lock()
	defer old.syncing.Unlock()
	kept, gone := v.part(keep)
	next, err := old.rewrite(kept)
	if next != nil {
		old.retired = true
	} else {
		next, gone = old, nil
	}
	v.turn(next, gone)
	if err != nil {
		return fmt.Errorf("rewrite the keys: %w", err)
	}
	return nil
}

// part gives the keys to be kept and whose are not, as of now; who gets one from
// now on is in made.
func (v *Vault) part(keep func(wire.Pseudonym) bool) (kept map[wire.Pseudonym]key, gone []wire.Pseudonym) {
	v.mu.Lock()
	v.made = make([]wire.Pseudonym, 0, 16)
	v.mu.Unlock()
	v.mu.RLock()
	defer v.mu.RUnlock()
	kept = make(map[wire.Pseudonym]key, len(v.keys))
	for who, k := range v.keys {
		if keep(who) {
			kept[who] = k
		} else {
			gone = append(gone, who)
		}
	}
	return kept, gone
}

// turn goes on with the file of a new epoch.
func (v *Vault) turn(next *keyFile, gone []wire.Pseudonym) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, who := range gone {
		delete(v.keys, who)
	}
	if next != v.file {
		for _, who := range v.made {
			next.add(who, v.keys[who])
		}
	}
	v.file, v.made = next, nil
	if len(gone) > 0 {
		v.unready()
	}
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
	if v.made != nil {
		v.made = append(v.made, who)
	}
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
