package outbox

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/wire"
)

type state uint8

const (
	waiting   state = iota // to be sent
	flying                 // being sent
	stored                 // at the hub
	confirmed              // in the ledger
)

// entry is one sealed segment in the folder.
type entry struct {
	epoch       [16]byte
	first, last uint64
	revision    uint32 // grows when it is resealed
	size        int64
	state       state
	sent        bool      // at least once since Open
	at          time.Time // when it came into its state, of stored and confirmed
}

// unfinished is what artifact.Replace adds to a name until the file is whole.
const unfinished = ".new"

func (e *entry) name() string {
	ext := ".seg"
	if e.state == confirmed {
		ext = ".done"
	}
	if e.revision > 0 {
		ext = fmt.Sprintf("-%08x%s", e.revision, ext)
	}
	return fmt.Sprintf("%x-%016x-%016x%s", e.epoch, e.first, e.last, ext)
}

// parseEntry is the inverse of name.
func parseEntry(name string) (*entry, bool) {
	e := new(entry)
	base, ok := strings.CutSuffix(name, ".seg")
	if !ok {
		base, ok = strings.CutSuffix(name, ".done")
		e.state = confirmed
	}
	part := strings.Split(base, "-")
	if !ok || len(part) < 3 || len(part) > 4 {
		return nil, false
	}
	if len(part) == 4 {
		revision, err := strconv.ParseUint(part[3], 16, 32)
		if err != nil {
			return nil, false
		}
		e.revision = uint32(revision)
	}
	epoch, err := hex.DecodeString(part[0])
	if err != nil || len(epoch) != 16 {
		return nil, false
	}
	e.epoch = [16]byte(epoch)
	if e.first, err = strconv.ParseUint(part[1], 16, 64); err != nil {
		return nil, false
	}
	if e.last, err = strconv.ParseUint(part[2], 16, 64); err != nil {
		return nil, false
	}
	return e, e.first > 0 && e.last >= e.first && e.name() == name
}

func (o *Outbox) path(e *entry) string { return filepath.Join(o.dir, e.name()) }

func (o *Outbox) id(e *entry) string {
	return segment.ID(&wire.SegmentHeader{Agent: o.cfg.Agent, Epoch: e.epoch[:], First: e.first, Last: e.last, Revision: e.revision})
}

// load takes over the folder.
func (o *Outbox) load() error {
	files, err := os.ReadDir(o.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		name, torn := strings.CutSuffix(f.Name(), unfinished)
		e, ok := parseEntry(name)
		if !ok {
			continue
		}
		if torn { // its range is sealed again
			if err := os.Remove(filepath.Join(o.dir, f.Name())); err != nil {
				return err
			}
			continue
		}
		info, err := f.Info()
		if err != nil {
			return err
		}
		e.size, e.at = info.Size(), info.ModTime()
		o.entries = append(o.entries, e)
		o.epochs[e.epoch] = true
		if e.state == confirmed {
			o.marks[e.epoch] = max(o.marks[e.epoch], e.last)
		}
	}
	slices.SortFunc(o.entries, o.order)
	if err := o.newest(); err != nil {
		return err
	}
	if n := len(o.entries); n > 0 && o.entries[n-1].epoch == o.epoch && o.entries[n-1].last > o.log.Durable() {
		return fmt.Errorf("segment to %d, log ends at %d: %w", o.entries[n-1].last, o.log.Durable(), ErrBeyond)
	}
	return o.mend()
}

// order puts earlier epochs, of which we know no more, before ours.
func (o *Outbox) order(a, b *entry) int {
	if a.epoch != b.epoch {
		if a.epoch == o.epoch {
			return 1
		}
		if b.epoch == o.epoch {
			return -1
		}
		return slices.Compare(a.epoch[:], b.epoch[:])
	}
	return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.revision, b.revision))
}

// mend removes what lies behind a hole in our epoch, to be sealed again.
func (o *Outbox) mend() error {
	next := uint64(0)
	for i, e := range o.entries {
		if e.epoch != o.epoch {
			continue
		}
		if next == 0 || e.first == next {
			next = e.last + 1
			continue
		}
		for _, behind := range o.entries[i:] {
			if err := os.Remove(o.path(behind)); err != nil {
				return err
			}
		}
		o.entries = o.entries[:i]
		break
	}
	o.draft.next = max(next, o.log.First())
	return nil
}

// settle turns entries that the marks cover into confirmed ones and removes
// those that were kept long enough.
func (o *Outbox) settle(now time.Time) error {
	o.mu.Lock()
	marks := maps.Clone(o.marks)
	o.mu.Unlock()
	for _, e := range o.entries {
		if e.state == confirmed || e.last > marks[e.epoch] {
			continue
		}
		was := o.path(e)
		o.progress, o.patience = now, o.cfg.ResendAfter
		e.state, e.at = confirmed, now
		if err := errors.Join(os.Rename(was, o.path(e)), os.Chtimes(o.path(e), now, now)); err != nil {
			return fmt.Errorf("keep confirmed segment: %w", err)
		}
	}
	return o.prune(now)
}

// prune removes confirmed entries that are old, too many, or in the way of a
// full log; never the newest entry of all, which is the place to go on from.
func (o *Outbox) prune(now time.Time) error {
	bytes := int64(0)
	for _, e := range o.entries {
		if e.state == confirmed {
			bytes += e.size
		}
	}
	keep := o.cfg.KeepBytes
	if o.log.Stats().Room == 0 {
		keep = 0
	}
	var errs []error
	newest := o.entries[max(0, len(o.entries)-1):]
	o.entries = slices.DeleteFunc(o.entries, func(e *entry) bool {
		if e.state != confirmed || e == newest[0] || (bytes <= keep && now.Sub(e.at) < o.cfg.Keep) {
			return false
		}
		if err := os.Remove(o.path(e)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
			return false
		}
		bytes -= e.size
		return true
	})
	return errors.Join(errs...)
}
