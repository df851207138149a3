package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
)

const rewriteName = "rewrite"

// Rewrite puts other payloads in the place of durable records up to a sequence,
// which keep their sequences. change gives what is to stand in a record's place,
// nil for what stands there, and is asked more than once; payload is its during
// the call only. When Rewrite has returned nil, no file of the log holds what was
// changed, nor the torn writes that lay behind its records. After an error, or a
// crash, each file is as it was or wholly rewritten: the same call again does the
// rest. Appends and commits go on meanwhile, but for one that waits until a new
// file is begun.
func (j *Journal) Rewrite(ctx context.Context, upTo uint64, change func(seq uint64, payload []byte) []byte) error {
	upTo = min(upTo, j.Last())
	if err := j.Sync(ctx, upTo); err != nil {
		return err
	}
	if err := j.endFile(upTo); err != nil {
		return fmt.Errorf("begin a log file: %w", err)
	}
	for from := uint64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		last, err := j.rewriteNext(from, upTo, change)
		if err != nil {
			return fmt.Errorf("rewrite the log: %w", err)
		}
		if last == 0 {
			return nil
		}
		from = last + 1
	}
}

// endFile begins a new file if the newest one holds a record up to a sequence, so
// that nothing is written to that one any more. The zeros of the new file are
// written before, while commits go on.
func (j *Journal) endFile(upTo uint64) error {
	j.making.Lock()
	err := j.prepare()
	j.making.Unlock()
	if err != nil {
		return err
	}
	<-j.token
	defer func() { j.token <- struct{}{} }()
	j.mu.Lock()
	released := j.released
	j.mu.Unlock()
	switch c := j.current; {
	case released:
		return ErrClosed
	case c.first > upTo || c.last < c.first:
		return nil
	}
	return j.rotate()
}

// rewriteNext rewrites the oldest file whose records lie between two sequences and
// gives its last one, 0 when there is none.
func (j *Journal) rewriteNext(from, upTo uint64, change func(uint64, []byte) []byte) (uint64, error) {
	j.dropping.Lock()
	defer j.dropping.Unlock()
	j.mu.Lock()
	released, l := j.released, j.ended(from, upTo)
	j.mu.Unlock()
	switch {
	case released:
		return 0, ErrClosed
	case l == nil:
		return 0, nil
	}
	f, err := j.disk.open(l.name)
	if err != nil {
		return 0, err
	}
	replaced, err := j.rewriteFile(f, l, change)
	if err = errors.Join(err, f.Close()); err != nil || !replaced {
		return l.last, err
	}
	return l.last, j.replace(l)
}

// ended is a copy of the oldest file between two sequences that takes no appends
// any more. mu is held.
func (j *Journal) ended(from, upTo uint64) *logFile {
	for _, f := range j.files[:len(j.files)-1] {
		if f.first >= from && f.first <= upTo && f.last >= f.first {
			c := *f
			return &c
		}
	}
	return nil
}

// rewriteFile makes what is to stand in a file's place, synced, unless the file
// may stay as it is.
func (j *Journal) rewriteFile(f file, l *logFile, change func(uint64, []byte) []byte) (replaced bool, err error) {
	size, err := f.size()
	if err != nil {
		return false, err
	}
	stays := true
	end, err := j.frames(f, l, size, func(seq uint64, frame []byte) error {
		stays = stays && change(seq, frame[frameSize:]) == nil
		return nil
	})
	if err != nil {
		return false, err
	}
	torn, err := tail(f, end, size)
	if err != nil || stays && len(torn) == 0 {
		return false, err
	}
	to, err := j.disk.create(rewriteName)
	if err != nil {
		return false, err
	}
	return true, errors.Join(j.copyFile(to, f, l, size, change), to.Close())
}

// frames gives the records of a file and where they end.
func (j *Journal) frames(f file, l *logFile, size int64, fn func(seq uint64, frame []byte) error) (end int64, err error) {
	s := scanner{file: f, size: size, off: headerSize, seed: j.seed}
	for seq := l.first; seq <= l.last; seq++ {
		frame, err := s.next(seq, seqWindow)
		if err == nil && frame == nil {
			err = fmt.Errorf("%s: %w: record %d at offset %d is broken: %s", l.name, ErrDamaged, seq, s.off, mend)
		}
		if err == nil {
			err = fn(seq, frame)
		}
		if err != nil {
			return 0, err
		}
	}
	return s.off, nil
}

// copyFile writes the header and the records, changed, and nothing behind them:
// the file takes no appends.
func (j *Journal) copyFile(to, from file, l *logFile, size int64, change func(uint64, []byte) []byte) error {
	head := make([]byte, headerSize)
	if _, err := from.ReadAt(head[:headerUsed], 0); err != nil && err != io.EOF {
		return err
	}
	out, off := head, int64(0)
	flush := func() error {
		n, err := to.WriteAt(out, off)
		off += int64(n)
		out = out[:0]
		return err
	}
	_, err := j.frames(from, l, size, func(seq uint64, frame []byte) error {
		payload := frame[frameSize:]
		if other := change(seq, payload); other != nil {
			if payload = other; len(payload) == 0 || len(payload) > j.maxPayload {
				return ErrSize
			}
		}
		out = appendFrame(out, payloadSum(j.seed, payload), word(frame), payload)
		if len(out) < manyPending {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return errors.Join(flush(), to.sync())
}

// replace is the commit point: after it the file is the rewritten one. A crash
// before leaves "rewrite", which Open removes. Who reads by offsets of the file as
// it was finds its turn changed and begins anew.
func (j *Journal) replace(l *logFile) error {
	j.turn(l.name)
	defer j.turn(l.name)
	if err := j.disk.rename(rewriteName, l.name); err != nil {
		return err
	}
	return j.disk.syncDir()
}

// turn says that a file is about to be replaced, or was.
func (j *Journal) turn(name string) {
	size, err := j.sizeOf(name)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range j.files {
		if f.name == name {
			f.turn++
			f.places = nil
			if err == nil {
				f.size = size
			}
		}
	}
}

func (j *Journal) sizeOf(name string) (int64, error) {
	f, err := j.disk.open(name)
	if err != nil {
		return 0, err
	}
	size, err := f.size()
	return size, errors.Join(err, f.Close())
}

// same tells whether a file that was opened after it was located is the one that
// was located, or may be either of the two while it is replaced.
func (j *Journal) same(l *logFile) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range j.files {
		if f.name == l.name {
			return f.turn == l.turn
		}
	}
	return false // dropped
}

// replacing tells that the file may be as it was or rewritten: no offset but the
// first record's is that of both.
func (f *logFile) replacing() bool { return f.turn%2 == 1 }

// errTurned never leaves read.
var errTurned = errors.New("journal: the file was replaced meanwhile")
