package journal

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// mend is what a person can do about damage.
const mend = "bring the file back from a copy, or move the folder away (it is evidence): the node then begins a new log"

// find reads the files' headers and checks that they follow each other. It
// returns the files and removes a "next" or "rewrite" left over.
func (j *Journal) find() ([]*logFile, error) {
	names, err := j.disk.list()
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	previous := uint64(0)
	for _, name := range names {
		if name == nextName || name == rewriteName {
			if err := j.disk.remove(name); err != nil {
				return nil, err
			}
		}
		first, ok := parseName(name)
		if !ok {
			continue
		}
		h, size, err := j.readHeader(name)
		if err != nil {
			return nil, err
		}
		if err := j.follows(h, first, previous); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", name, err, mend)
		}
		j.epoch = h.epoch
		if n := len(j.files); n > 0 {
			j.files[n-1].last = first - 1
		}
		j.files = append(j.files, &logFile{name: name, first: first, size: size, end: size})
		previous = first
	}
	return j.files, nil
}

// follows tells whether a file is the next one of the log so far.
func (j *Journal) follows(h header, first, previous uint64) error {
	switch {
	case h.first != first:
		return fmt.Errorf("%w: file begins with record %d", ErrDamaged, h.first)
	case len(j.files) > 0 && h.epoch != j.epoch:
		return fmt.Errorf("%w: file of another log", ErrDamaged)
	case len(j.files) > 0 && h.previous != previous:
		return fmt.Errorf("%w: the file before it, %s, is missing", ErrDamaged, fileName(h.previous))
	}
	return nil
}

func parseName(name string) (first uint64, ok bool) {
	hex, ok := strings.CutSuffix(name, ".log")
	if !ok || len(hex) != 16 {
		return 0, false
	}
	first, err := strconv.ParseUint(hex, 16, 63)
	return first, err == nil && first > 0 && fileName(first) == name
}

func (j *Journal) readHeader(name string) (h header, size int64, err error) {
	f, err := j.disk.open(name)
	if err != nil {
		return h, 0, err
	}
	defer f.Close()
	if size, err = f.size(); err != nil {
		return h, 0, err
	}
	b := make([]byte, min(size, headerUsed))
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return h, 0, err
	}
	if h, err = parseHeader(b); err != nil {
		return h, 0, fmt.Errorf("%s: %w", name, err)
	}
	return h, size, nil
}

// resume finds the end of the last file and cuts a torn write off.
func (j *Journal) resume() error {
	l := j.files[len(j.files)-1]
	f, err := j.disk.open(l.name)
	if err != nil {
		return err
	}
	j.active, j.current = f, l // closed by Open if what follows fails
	s := scanner{file: f, size: l.size, off: headerSize, seed: j.seed}
	seq := l.first
	for {
		frame, err := s.next(seq, seqWindow)
		if err != nil {
			return err
		}
		if frame == nil {
			break
		}
		if off := s.off - int64(len(frame)); off-l.lastPlace() >= placeEvery {
			l.places = append(l.places, place{seq, off})
		}
		seq++
	}
	l.end = s.off
	l.last = seq - 1
	j.durable = l.last
	return j.cut(f, l)
}

// cut zeroes what lies behind the last true record, unless that proves that a
// record which had been synced is broken. A crash in between leaves less of the
// torn write, and the next Open goes on.
func (j *Journal) cut(f file, l *logFile) error {
	torn, err := tail(f, l.end, l.size)
	if err != nil || len(torn) == 0 {
		return err
	}
	if seq, ok := proof(torn, j.seed, l.last); ok {
		return fmt.Errorf("%s: %w: record %d at offset %d is broken, though it was synced before record %d: %s",
			l.name, ErrDamaged, l.last+1, l.end, seq, mend)
	}
	return zero(f, l.end, l.end+int64(len(torn)))
}

// tail reads what lies behind an offset, far enough to hold every record that
// has a byte other than zero. Empty: all is zero.
func tail(f file, from, size int64) ([]byte, error) {
	end := from
	buf := make([]byte, 64<<10)
	for off := from; off < size; off += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), size-off)]
		if _, err := f.ReadAt(b, off); err != nil && err != io.EOF {
			return nil, err
		}
		if n := len(bytes.TrimRight(b, "\x00")); n > 0 {
			end = off + int64(n)
		}
	}
	if end == from {
		return nil, nil
	}
	torn := make([]byte, min(end+frameSize+MaxRecord, size)-from)
	if _, err := f.ReadAt(torn, from); err != nil && err != io.EOF {
		return nil, err
	}
	return torn, nil
}

// proof looks for a true record behind a broken one that was written when all
// before it had been synced.
func proof(torn []byte, seed uint32, last uint64) (seq uint64, ok bool) {
	for i := 1; i+frameSize < len(torn); i++ {
		frame := torn[i:]
		n, w := payloadLen(frame), word(frame)
		seq := w &^ barrier
		if w == seq || n == 0 || n > MaxRecord || frameSize+n > len(frame) {
			continue
		}
		if seq > last+1 && seq <= last+uint64(len(torn)) && valid(frame[:frameSize+n], seed) {
			return seq, true
		}
	}
	return 0, false
}
