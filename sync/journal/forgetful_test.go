package journal

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// forgetful is a disk that keeps after a power cut only what it must: synced
// bytes, synced names, and of the rest whatever chance decides.
type forgetful struct {
	mu    sync.Mutex
	names map[string]*forgetfulFile // as programs see them
	kept  map[string]*forgetfulFile // as the disk has them
	log   []func(map[string]*forgetfulFile)
	ops   int
	space uint64

	// before is asked before each call; its error is the call's. It may call
	// nothing of the disk.
	before func(op, name string) error
}

type forgetfulFile struct {
	disk  *forgetful
	name  string
	data  []byte // as programs see it
	kept  []byte // as the disk has it
	dirty []dirtyWrite
}

type dirtyWrite struct {
	off  int64
	data []byte
}

const sector = 512

func newForgetful() *forgetful {
	return &forgetful{names: map[string]*forgetfulFile{}, kept: map[string]*forgetfulFile{}, space: 1 << 40}
}

func (d *forgetful) enter(op, name string) error {
	d.mu.Lock()
	d.ops++
	if d.before != nil {
		return d.before(op, name)
	}
	return nil
}

// hook sets what is asked before each call and returns how many there were.
func (d *forgetful) hook(before func(op, name string) error) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = before
	return d.ops
}

// change applies a change of names now, and to the disk when it is synced.
func (d *forgetful) change(f func(map[string]*forgetfulFile)) {
	f(d.names)
	d.log = append(d.log, f)
}

// cut is the power cut: it returns the disk as it is found afterwards.
func (d *forgetful) cut(r *rand.Rand) *forgetful {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newForgetful()
	names := maps.Clone(d.kept)
	for _, change := range d.log { // not even in order: that is all POSIX promises
		if r.IntN(2) == 0 {
			change(names)
		}
	}
	copies := map[*forgetfulFile]*forgetfulFile{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f := names[name]
		c := copies[f]
		if c == nil {
			data := f.survive(r)
			c = &forgetfulFile{disk: after, name: name, data: data, kept: slices.Clone(data)}
			copies[f] = c
		}
		after.names[name], after.kept[name] = c, c
	}
	return after
}

// survive is the synced content with some sectors of what was written since.
func (f *forgetfulFile) survive(r *rand.Rand) []byte {
	data := slices.Clone(f.kept)
	all := r.IntN(4) == 0
	for _, w := range f.dirty {
		for i := 0; i < len(w.data); {
			n := min(sector-int((w.off+int64(i))%sector), len(w.data)-i)
			if all || r.IntN(2) == 0 {
				data = write(data, w.off+int64(i), w.data[i:i+n])
			}
			i += n
		}
	}
	return data
}

func write(data []byte, off int64, p []byte) []byte {
	if end := int(off) + len(p); end > len(data) {
		data = append(data, make([]byte, end-len(data))...)
	}
	copy(data[off:], p)
	return data
}

func (d *forgetful) list() ([]string, error) {
	err := d.enter("list", "")
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.names)), err
}

func (d *forgetful) create(name string) (file, error) {
	err := d.enter("create", name)
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f := &forgetfulFile{disk: d, name: name}
	d.change(func(m map[string]*forgetfulFile) { m[name] = f })
	return f, nil
}

func (d *forgetful) open(name string) (file, error) {
	err := d.enter("open", name)
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if f := d.names[name]; f != nil {
		return f, nil
	}
	return nil, fs.ErrNotExist
}

func (d *forgetful) rename(from, to string) error {
	err := d.enter("rename", to)
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	if d.names[from] == nil {
		return fs.ErrNotExist
	}
	f := d.names[from]
	f.name = to
	d.change(func(m map[string]*forgetfulFile) {
		m[to] = f
		delete(m, from)
	})
	return nil
}

func (d *forgetful) remove(name string) error {
	err := d.enter("remove", name)
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	if d.names[name] == nil {
		return fs.ErrNotExist
	}
	d.change(func(m map[string]*forgetfulFile) { delete(m, name) })
	return nil
}

func (d *forgetful) syncDir() error {
	err := d.enter("syncDir", "")
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	d.kept, d.log = maps.Clone(d.names), nil
	return nil
}

func (d *forgetful) free() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.space, nil
}

func (d *forgetful) close() error { return nil }

func (f *forgetfulFile) ReadAt(p []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *forgetfulFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.disk.enter("write", f.name)
	defer f.disk.mu.Unlock()
	n := len(p)
	if err != nil {
		n /= 2 // a failed write may have written something
	}
	f.data = write(f.data, off, p[:n])
	f.dirty = append(f.dirty, dirtyWrite{off, slices.Clone(p[:n])})
	return n, err
}

// sync, when it fails, forgets the writes and still shows them to programs, as
// Linux does: the next sync succeeds and means nothing.
func (f *forgetfulFile) sync() error {
	err := f.disk.enter("sync", f.name)
	defer f.disk.mu.Unlock()
	for _, w := range f.dirty {
		if err == nil {
			f.kept = write(f.kept, w.off, w.data)
		}
	}
	f.dirty = nil
	return err
}

func (f *forgetfulFile) size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *forgetfulFile) Close() error { return nil }

var errPower = errors.New("the power is cut")
