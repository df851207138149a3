package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"sort"
)

// seqWindow is how many bytes those who read on read at once.
const seqWindow = 64 << 10

// scanner steps through the records of one file.
type scanner struct {
	file file
	size int64
	off  int64 // of the next record
	seed uint32

	buf []byte
	at  int64 // offset of buf in the file
}

// next returns the record with its frame if it is whole, true and has this
// sequence; nil if not. It is valid until the next call. window bytes are read
// at a time.
func (s *scanner) next(seq uint64, window int) ([]byte, error) {
	head, err := s.bytes(frameSize, window)
	if head == nil {
		return nil, err
	}
	n := payloadLen(head)
	if n == 0 || n > MaxRecord || word(head)&^barrier != seq {
		return nil, nil
	}
	frame, err := s.bytes(frameSize+n, window)
	if frame == nil || !valid(frame, s.seed) {
		return nil, err
	}
	s.off += int64(len(frame))
	return frame, nil
}

// bytes returns n bytes at off, nil if the file has fewer.
func (s *scanner) bytes(n, window int) ([]byte, error) {
	if s.off+int64(n) > s.size {
		return nil, nil
	}
	if i := s.off - s.at; i >= 0 && i+int64(n) <= int64(len(s.buf)) {
		return s.buf[i : i+int64(n)], nil
	}
	want := int(min(int64(max(n, window)), s.size-s.off))
	if cap(s.buf) < want {
		s.buf = make([]byte, want)
	}
	s.buf, s.at = s.buf[:want], s.off
	if m, err := s.file.ReadAt(s.buf, s.off); m < want {
		s.buf = nil
		return nil, err
	}
	return s.buf[:n], nil
}

// Read calls fn for each record from one sequence to another, both included, in
// order, durable or not; a to beyond the end means the end as it is now. payload
// is valid during the call only. An error of fn ends the reading and is returned
// as it is; having nothing to read is none. ErrNotHeld: from was dropped. ErrDamaged: a record is broken.
func (j *Journal) Read(from, to uint64, fn func(seq uint64, payload []byte) error) error {
	return j.read(from, min(to, j.Last()), seqWindow, fn)
}

// At returns one record, durable or not. It costs one read of about 32 KiB.
// Errors are ErrNotHeld and ErrDamaged.
func (j *Journal) At(seq uint64) ([]byte, error) {
	var payload []byte
	err := j.read(seq, seq, placeEvery, func(_ uint64, p []byte) error {
		payload = bytes.Clone(p)
		return nil
	})
	return payload, err
}

// FileEnd is the last durable sequence in the file that holds a record; it
// grows while that file takes appends. ErrNotHeld: no durable record.
func (j *Journal) FileEnd(seq uint64) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f := j.holder(seq)
	if f == nil {
		return 0, ErrNotHeld
	}
	return f.last, nil
}

func (j *Journal) read(from, to uint64, window int, fn func(uint64, []byte) error) error {
	for seq := from; seq <= to; {
		f, frames, err := j.locate(seq)
		if err != nil {
			return err
		}
		upTo := min(f.last, to)
		if f.name == "" {
			err = readFrames(frames, seq, upTo, fn)
		} else {
			err = j.readFile(f, seq, upTo, window, fn)
		}
		if err == errTurned {
			continue
		}
		if err != nil {
			return err
		}
		seq = upTo + 1
	}
	return nil
}

// locate returns a copy of the file that holds a record, with the one place at
// or before it; or, without a name, a copy of the pending records from it on.
func (j *Journal) locate(seq uint64) (logFile, []byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.released {
		return logFile{}, nil, ErrClosed
	}
	if seq > j.last {
		return logFile{}, nil, ErrNotHeld
	}
	if seq > j.durable {
		frames, last := j.pendingFrom(seq)
		return logFile{last: last}, frames, nil
	}
	f := j.holder(seq)
	if f == nil {
		return logFile{}, nil, ErrNotHeld
	}
	c := *f
	c.places = []place{{f.first, headerSize}}
	if i := sort.Search(len(f.places), func(i int) bool { return f.places[i].seq > seq }); i > 0 {
		c.places[0] = f.places[i-1]
	}
	return c, nil, nil
}

// holder is the file with this durable record, nil if there is none. mu is held.
func (j *Journal) holder(seq uint64) *logFile {
	i := sort.Search(len(j.files), func(i int) bool { return j.files[i].first > seq })
	if i == 0 || seq > j.files[i-1].last {
		return nil
	}
	return j.files[i-1]
}

// pendingFrom copies the rest of the batch that holds a record. mu is held.
func (j *Journal) pendingFrom(seq uint64) (frames []byte, last uint64) {
	b := j.open
	if j.flying != nil && seq <= j.flying.last {
		b = j.flying
	}
	rest := b.rest()
	for s := b.first; s < seq; s++ {
		rest = rest[frameSize+payloadLen(rest):]
	}
	return bytes.Clone(rest), b.last
}

func readFrames(frames []byte, seq, to uint64, fn func(uint64, []byte) error) error {
	for ; seq <= to; seq++ {
		n := frameSize + payloadLen(frames)
		if err := fn(seq, frames[frameSize:n]); err != nil {
			return err
		}
		frames = frames[n:]
	}
	return nil
}

// readFile reads records of one file and remembers the places it passes.
func (j *Journal) readFile(l logFile, from, to uint64, window int, fn func(uint64, []byte) error) error {
	f, err := j.disk.open(l.name)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotHeld // dropped meanwhile
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if !j.same(&l) {
		return errTurned
	}
	size, err := f.size()
	if err != nil {
		return err
	}
	start := l.places[0]
	s := scanner{file: f, size: size, off: start.off, seed: j.seed}
	passed := []place(nil)
	defer func() { j.remember(&l, passed) }()
	for seq := start.seq; seq <= to; seq++ {
		if s.off-start.off >= placeEvery {
			start = place{seq, s.off}
			passed = append(passed, start)
		}
		frame, err := s.next(seq, window)
		if err != nil {
			return err
		}
		if frame == nil {
			return fmt.Errorf("%s: %w: record %d at offset %d is broken: %s", l.name, ErrDamaged, seq, s.off, mend)
		}
		if seq < from {
			continue
		}
		if err := fn(seq, frame[frameSize:]); err != nil {
			return err
		}
	}
	return nil
}

// remember adds places behind those that a file already has. The newest file's
// belong to the commits.
func (j *Journal) remember(l *logFile, passed []place) {
	if len(passed) == 0 || l.replacing() {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range j.files[:len(j.files)-1] {
		if f.name != l.name || f.turn != l.turn {
			continue
		}
		for _, p := range passed {
			if p.off > f.lastPlace() {
				f.places = append(f.places, p)
			}
		}
	}
}
