package profile

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	masterMagic = "AISLEMST"
	keysMagic   = "AISLEKEY"
	version     = 0

	wrappedSize = overhead + keySize
	masterSize  = 8 + 4 + keySize + 4
	headerSize  = 8 + 4 + 16 + wrappedSize + 4
	entrySize   = 16 + wrappedSize + 4
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	le         = binary.LittleEndian
	errKeys    = errors.New("not a key file of this version and device")
	errRetired = errors.New("a later epoch has begun") // never leaves Sync
)

// checked appends the checksum of b; sound tells whether b ends in it.
func checked(b []byte) []byte { return le.AppendUint32(b, crc32.Checksum(b, castagnoli)) }

func sound(b []byte) bool {
	n := len(b) - 4
	return n >= 0 && crc32.Checksum(b[:n], castagnoli) == le.Uint32(b[n:])
}

// keyFile is profiles.keys of one epoch, to which entries are appended.
type keyFile struct {
	// immutable
	path   string
	master key
	epoch  [16]byte
	wrap   cipher.AEAD // by the epoch key

	// syncing lets one write at a time
	syncing sync.Mutex
	size    int64 // where the next entry goes: all before it is durable
	retired bool  // a file of a later epoch has its place

	mu      sync.Mutex // guards pending
	pending []byte     // entries that are not in the file yet
}

// OpenVault opens the keys in dir, which is made with mode 0700 and new keys if
// there is none.
func OpenVault(dir string) (*Vault, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the keys: %w", err)
	}
	path := filepath.Join(dir, "profiles.keys")
	if err := endRewrite(path); err != nil {
		return nil, fmt.Errorf("end a rewrite of the keys: %w", err)
	}
	master, err := openMaster(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, fmt.Errorf("open the master key: %w", err)
	}
	f, keys, err := openKeys(path, master)
	if errors.Is(err, errKeys) {
		slog.Error("the persons' keys can't be read; profiles are empty until they come in again", "err", err, "kept", path+quarantineSuffix)
		if err = os.Rename(path, path+quarantineSuffix); err == nil {
			err = fs.ErrNotExist
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		keys = map[wire.Pseudonym]key{}
		f, err = createKeys(path, master, keys)
	}
	if err != nil {
		return nil, fmt.Errorf("open the persons' keys: %w", err)
	}
	return &Vault{keys: keys, file: f}, nil
}

// openMaster makes a new master key where there is none, or none that is whole:
// what the old one wrapped can't be read then, which openKeys finds.
func openMaster(path string) (k key, err error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if len(b) == masterSize && sound(b) && string(b[:8]) == masterMagic && le.Uint32(b[8:]) == version {
		return key(b[12 : 12+keySize]), nil
	}
	k = newKey()
	b = le.AppendUint32([]byte(masterMagic), version)
	b = checked(append(b, k[:]...))
	return k, store.Replace(path, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

// openKeys reads the entries. A torn end was never durable and is cut off; an
// entry that broke later is one person's loss.
func openKeys(path string, master key) (*keyFile, map[wire.Pseudonym]key, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	f := &keyFile{path: path, master: master}
	var wrap key
	if f.epoch, wrap, err = parseHeader(b, master); err != nil {
		return nil, nil, err
	}
	f.wrap = aead(wrap)
	keys, broken := f.parseEntries(b[headerSize:])
	if broken > 0 {
		slog.Error("some persons' keys are damaged; their profiles are empty until they come in again", "count", broken)
	}
	f.size = int64(len(b) - (len(b)-headerSize)%entrySize)
	return f, keys, os.Truncate(path, f.size)
}

func parseHeader(b []byte, master key) (epoch [16]byte, wrap key, err error) {
	if len(b) < headerSize || string(b[:8]) != keysMagic || le.Uint32(b[8:]) != version || !sound(b[:headerSize]) {
		return epoch, wrap, errKeys
	}
	copy(epoch[:], b[12:])
	if wrap, err = unwrap(master, b[28:28+wrappedSize], epoch[:]); err != nil {
		return epoch, wrap, errKeys
	}
	return epoch, wrap, nil
}

func (f *keyFile) parseEntries(b []byte) (keys map[wire.Pseudonym]key, broken int) {
	keys = make(map[wire.Pseudonym]key, len(b)/entrySize)
	for ; len(b) >= entrySize; b = b[entrySize:] {
		who := wire.Pseudonym(b[:16])
		plain, err := f.wrap.Open(nil, nil, b[16:16+wrappedSize], f.bound(who))
		if !sound(b[:entrySize]) || err != nil || len(plain) != keySize {
			broken++
			continue
		}
		keys[who] = key(plain)
	}
	return keys, broken
}

func unwrap(by key, wrapped, bound []byte) (k key, err error) {
	plain, err := aead(by).Open(nil, nil, wrapped, bound)
	if err != nil || len(plain) != keySize {
		return k, ErrSealed
	}
	return key(plain), nil
}

func (f *keyFile) bound(who wire.Pseudonym) []byte {
	return append(append(make([]byte, 0, 32), f.epoch[:]...), who[:]...)
}

// createKeys writes a file of a new epoch in place of the old one.
func createKeys(path string, master key, keys map[wire.Pseudonym]key) (*keyFile, error) {
	wrap := newKey()
	f := &keyFile{path: path, master: master, wrap: aead(wrap)}
	rand.Read(f.epoch[:])
	b := append(make([]byte, 0, headerSize+len(keys)*entrySize), keysMagic...)
	b = le.AppendUint32(b, version)
	b = append(b, f.epoch[:]...)
	b = checked(seal(b, master, f.epoch[:], wrap[:]))
	order := func(a, b wire.Pseudonym) int { return bytes.Compare(a[:], b[:]) }
	for _, who := range slices.SortedFunc(maps.Keys(keys), order) { // not in the order of their coming
		b = f.entry(b, who, keys[who])
	}
	err := store.Replace(path, func(to *os.File) error {
		_, err := to.Write(b)
		return err
	})
	f.size = int64(len(b))
	return f, err
}

func (f *keyFile) entry(dst []byte, who wire.Pseudonym, k key) []byte {
	start := len(dst)
	dst = append(dst, who[:]...)
	dst = f.wrap.Seal(dst, nil, k[:], f.bound(who))
	return le.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func (f *keyFile) add(who wire.Pseudonym, k key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = f.entry(f.pending, who, k)
}

// sync writes and syncs pending entries. After an error they are written again
// to the same place.
func (f *keyFile) sync() error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	if f.retired {
		return errRetired
	}
	f.mu.Lock()
	pending := f.pending
	f.mu.Unlock()
	if len(pending) == 0 {
		return nil
	}
	if err := writeAt(f.path, pending, f.size); err != nil {
		return fmt.Errorf("write the persons' keys: %w", err)
	}
	f.size += int64(len(pending))
	f.mu.Lock()
	f.pending = append([]byte(nil), f.pending[len(pending):]...)
	f.mu.Unlock()
	return nil
}

func writeAt(path string, b []byte, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(b, at); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
