package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrGone: the part is past its time, was never kept, or its person was forgotten.
var ErrGone = errors.New("profile: this decision can't be replayed any more: what it knew of the person is gone")

const (
	replayMagic  = "AISLERPL"
	replayHeader = 8 + 4
	partHeader   = 4 + 4 + 16 + 16
	maxPart      = 256 << 10
	hour         = int64(time.Hour / time.Millisecond)
)

// ReplayOptions are what the zero value leaves open.
type ReplayOptions struct {
	Keep     time.Duration // how long a part can be fetched; default 72 h
	MaxBytes int64         // of all files; the oldest go first; default 256 MiB
}

// Replay keeps the part of a decision that the log must not hold, sealed under
// the person's key. It is no promise: nothing waits for the disk, and a full
// disk loses parts. All methods may be called at the same time.
type Replay struct {
	// immutable
	dir   string
	opt   ReplayOptions
	vault *Vault

	mu   sync.Mutex // guards what follows
	file *os.File   // of the hour that was appended to last
	hour int64
	buf  []byte
}

// OpenReplay opens the folder, and makes it if there is none.
func OpenReplay(dir string, vault *Vault, opt ReplayOptions) (*Replay, error) {
	if opt.Keep == 0 {
		opt.Keep = 72 * time.Hour
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = 256 << 20
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the replay parts: %w", err)
	}
	return &Replay{dir: dir, opt: opt, vault: vault, hour: -1}, nil
}

// Append keeps a decision's part. The decision's id, a UUIDv7, says how long. A
// person without a key has nothing to be kept of: ErrNoKey.
func (r *Replay) Append(decision [16]byte, who wire.Pseudonym, part []byte) error {
	if len(part) > maxPart-overhead {
		return fmt.Errorf("keep a replay part: %d bytes are too many", len(part))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.vault.key(who) // under mu: who has none is not appended behind Forget
	if !ok {
		return ErrNoKey
	}
	if err := r.turn(hourOf(decision)); err != nil {
		return fmt.Errorf("keep a replay part: %w", err)
	}
	b := append(r.buf[:0], make([]byte, 8)...)
	b = append(append(b, decision[:]...), who[:]...)
	b = r.vault.cipher(who, k).Seal(b, nil, part, append(who[:], decision[:]...))
	frame(b)
	r.buf = b
	if _, err := r.file.Write(b); err != nil { // in one piece: a crash tears the last one at most
		return fmt.Errorf("keep a replay part: %w", errors.Join(err, r.let()))
	}
	return nil
}

// Fetch is the part that was kept of a decision at node time now, or ErrGone.
func (r *Replay) Fetch(decision [16]byte, now int64) ([]byte, error) {
	if r.past(hourOf(decision), now) {
		return nil, ErrGone
	}
	f, err := os.Open(r.path(hourOf(decision)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrGone
	} else if err != nil {
		return nil, fmt.Errorf("fetch a replay part: %w", err)
	}
	defer f.Close()
	_, err = scan(f, func(id [16]byte, who wire.Pseudonym, sealed []byte) error {
		if id != decision {
			return nil
		}
		part, err := r.vault.open(nil, who, append(who[:], id[:]...), sealed)
		if err != nil {
			return ErrGone
		}
		return found(part)
	})
	var part found
	if errors.As(err, &part) {
		return part, nil
	}
	return nil, ErrGone
}

// found ends a scan with what was looked for.
type found []byte

func (found) Error() string { return "found" }

// Expire removes the files that are past their time at node time now, and the
// oldest while all of them are too large.
func (r *Replay) Expire(now int64) error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("expire replay parts: %w", err)
	}
	type part struct{ hour, size int64 }
	var parts []part
	var total int64
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), ".part")
		h, err := strconv.ParseInt(digits, 10, 64)
		info, gone := e.Info()
		if ok && err == nil && gone == nil {
			parts, total = append(parts, part{h, info.Size()}), total+info.Size()
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return int(a.hour - b.hour) })
	var errs []error
	for _, p := range parts {
		if r.past(p.hour, now) || total > r.opt.MaxBytes {
			errs, total = append(errs, r.remove(p.hour)), total-p.size
		}
	}
	return errors.Join(errs...)
}

// Close lets go of the file.
func (r *Replay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.let()
}

func (r *Replay) past(h, now int64) bool { return (h+1)*hour+r.opt.Keep.Milliseconds() <= now }

func (r *Replay) path(h int64) string {
	return filepath.Join(r.dir, strconv.FormatInt(h, 10)+".part")
}

func (r *Replay) remove(h int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hour == h {
		if err := r.let(); err != nil {
			return err
		}
	}
	return os.Remove(r.path(h))
}

// hourOf is the hour in which a UUIDv7 was made.
func hourOf(id [16]byte) int64 {
	return int64(binary.BigEndian.Uint64(id[:])>>16) / hour
}

func (r *Replay) let() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file, r.hour = nil, -1
	return err
}
