package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
)

// MaxRecord is the largest payload in bytes. A segment of 256 KiB holds it even
// when it can't be compressed.
const MaxRecord = 255 << 10

var (
	// ErrFull: the class of the record has no room left. Nothing was appended.
	ErrFull = errors.New("journal: the log is full: free disk space, raise the log's limit, or let the node reach the hub")
	// ErrSize: the payload is empty or larger than MaxRecord.
	ErrSize = errors.New("journal: record is empty or too large")
	// ErrFailed: the disk refused. Appends are refused until it takes writes again.
	ErrFailed = errors.New("journal: the disk does not take the log")
	// ErrNotHeld: the sequence was dropped or not appended yet.
	ErrNotHeld = errors.New("journal: no such record in the log")
	// ErrDamaged: a file is not what was made durable, or not of this log.
	ErrDamaged = errors.New("journal: damaged log")
	// ErrLocked: another process has the folder open.
	ErrLocked = errors.New("journal: log is in use")
	// ErrClosed: the journal is closed.
	ErrClosed = errors.New("journal: closed")
)

// Journal is an open log. All methods may be called at the same time.
type Journal struct {
	// Immutable after Open.
	o          Options
	disk       disk
	epoch      [16]byte
	seed       uint32 // checksum of the epoch
	maxPayload int
	kick       chan struct{} // tells Run that much is pending
	low        chan struct{} // tells Run that the active file is half full

	// token is held by the one goroutine that commits, which owns these two.
	token   chan struct{}
	active  file     // nil after a failure: the next commit begins a new file
	current *logFile // the last of files; its fields change under mu

	closing sync.Once

	// making is held while "next" is made, dropping while files are removed or
	// rewritten.
	making, dropping sync.Mutex

	// mu guards what follows and is never held across a call on the disk.
	mu       sync.Mutex
	files    []*logFile // oldest first
	prepared bool       // "next" is ready
	free     uint64     // free disk space when last looked
	flying   *batch     // being committed, or to be committed again; nil: none
	open     *batch     // takes appends
	spare    []byte     // buffer of the last batch, for the next one
	last     uint64
	durable  uint64
	failure  error // of the last commit; nil: it succeeded
	closed   bool  // no more appends
	released bool  // no more files: the folder is somebody else's
}

// logFile is one file of the log.
type logFile struct {
	name   string
	first  uint64
	last   uint64 // last durable record; first-1: none
	size   int64
	end    int64   // where the next record goes; of the active file only
	places []place // some records' offsets, ascending
	turn   uint32  // of Rewrite; odd while the file is being replaced
}

func (f *logFile) lastPlace() int64 {
	if n := len(f.places); n > 0 {
		return f.places[n-1].off
	}
	return 0
}

type place struct {
	seq uint64
	off int64
}

// batch is what one commit makes durable.
type batch struct {
	first, last uint64 // first grows as parts become durable
	frames      []byte
	off         int           // of the first record's frame
	done        chan struct{} // closed when its commit has ended, well or badly
}

func newBatch(first uint64, buf []byte) *batch {
	return &batch{first: first, last: first - 1, frames: buf[:0], done: make(chan struct{})}
}

func (b *batch) rest() []byte { return b.frames[b.off:] }

// Open opens the log in dir, creating both when there are none. A torn tail is
// cut off. ErrLocked and ErrDamaged say what to do.
func Open(dir string, o Options) (*Journal, error) {
	d, err := openFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	j, err := openOn(d, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open log %s: %w", dir, err), d.close())
	}
	return j, nil
}

func openOn(d disk, o Options) (*Journal, error) {
	o = o.withDefaults()
	j := &Journal{
		o:          o,
		disk:       d,
		maxPayload: int(min(MaxRecord, (o.FileBytes-headerSize)/4-frameSize)),
		kick:       make(chan struct{}, 1),
		low:        make(chan struct{}, 1),
		token:      make(chan struct{}, 1),
	}
	j.look()
	found, err := j.find()
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		rand.Read(j.epoch[:])
	}
	j.seed = header{epoch: j.epoch}.seed()
	if len(found) == 0 {
		err = j.rotate()
	} else {
		err = j.resume()
	}
	if err != nil {
		if j.active != nil {
			err = errors.Join(err, j.active.Close())
		}
		return nil, err
	}
	j.last = j.durable
	j.open = newBatch(j.last+1, nil)
	j.token <- struct{}{}
	return j, nil
}

// Epoch names this log for ever: a folder made anew has another one.
func (j *Journal) Epoch() [16]byte { return j.epoch }

// Append takes a copy of payload and returns its sequence. It is not durable
// yet: Sync waits for that, Run sees to it otherwise. Records are ordered as
// Append ran. It waits for the disk only when a megabyte is pending.
// Errors are ErrFull, ErrSize, ErrFailed and ErrClosed.
func (j *Journal) Append(c Class, payload []byte) (uint64, error) {
	if len(payload) == 0 || len(payload) > j.maxPayload {
		return 0, ErrSize
	}
	sum := payloadSum(j.seed, payload)
	j.mu.Lock()
	for len(j.open.frames) >= maxPending && j.failure == nil && !j.closed {
		j.mu.Unlock()
		<-j.token
		j.commit()
		j.mu.Lock()
	}
	defer j.mu.Unlock()
	if err := j.refuses(c, len(payload)); err != nil {
		return 0, err
	}
	b := j.open
	w := j.last + 1
	if len(b.frames) == 0 {
		w |= barrier
	}
	was := len(b.frames)
	b.frames = appendFrame(b.frames, sum, w, payload)
	if was < manyPending && len(b.frames) >= manyPending {
		signal(j.kick)
	}
	j.last++
	b.last = j.last
	return j.last, nil
}

// First is the oldest sequence still held; Last()+1 when there is none.
func (j *Journal) First() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.files[0].first
}

// Last is the sequence of the newest record, 0 before the first.
func (j *Journal) Last() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Durable is the newest sequence that is known to be on the disk, with all
// before it.
func (j *Journal) Durable() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.durable
}

// Close refuses appends, commits what is pending and lets go of the folder. Its
// error means that something pending did not become durable. A second Close
// waits for the first and does nothing.
func (j *Journal) Close() (err error) {
	j.closing.Do(func() {
		j.mu.Lock()
		j.closed = true
		j.mu.Unlock()
		err = errors.Join(j.commitAll(), j.release())
	})
	return err
}

// release waits for whoever uses the folder and gives it up.
func (j *Journal) release() error {
	<-j.token
	defer func() { j.token <- struct{}{} }()
	j.making.Lock()
	defer j.making.Unlock()
	j.dropping.Lock()
	defer j.dropping.Unlock()

	j.mu.Lock()
	j.released = true
	j.mu.Unlock()
	var err error
	if j.active != nil {
		err = j.active.Close()
		j.active = nil
	}
	return errors.Join(err, j.disk.close())
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
