package journal

import "time"

// Class says which records give way first when the log fills up: each class
// leaves Options.Reserve bytes to the one above it.
type Class uint8

const (
	Routine   Class = iota // what serving makes by itself
	Important              // what somebody was told is accepted
	Vital                  // what must be obeyed, as a withdrawal of consent
)

// Options of a log; the zero value is useful.
type Options struct {
	FileBytes  int64         // of one file; default 16 MiB, at least 16 KiB
	Limit      int64         // bytes of all files together; default 1 GiB, at least 4 files
	Reserve    int64         // bytes a class leaves to the next one; default Limit/32
	MinFree    uint64        // bytes that stay free on the file system; default 200 MiB
	FlushEvery time.Duration // longest time Run leaves a record unwritten; default 100 ms
}

func (o Options) withDefaults() Options {
	if o.FileBytes == 0 {
		o.FileBytes = 16 << 20
	}
	o.FileBytes = max(o.FileBytes, 16<<10)
	if o.Limit == 0 {
		o.Limit = 1 << 30
	}
	o.Limit = max(o.Limit, 4*o.FileBytes)
	if o.Reserve == 0 {
		o.Reserve = o.Limit / 32
	}
	if o.MinFree == 0 {
		o.MinFree = 200 << 20
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = 100 * time.Millisecond
	}
	return o
}

// refuses says why a record may not be appended. mu is held.
func (j *Journal) refuses(c Class, payload int) error {
	switch {
	case j.closed:
		return ErrClosed
	case j.failure != nil:
		return j.failure
	case j.room()-int64(frameSize+payload) < j.o.Reserve*int64(Vital-min(c, Vital)):
		return ErrFull
	}
	return nil
}

// room is how many bytes of records still fit, at least. mu is held.
func (j *Journal) room() int64 {
	largest := int64(frameSize + j.maxPayload) // may be left unused at the end of a file
	f := j.files[len(j.files)-1]
	tail := max(0, f.size-f.end-largest)
	onDisk := int64(0)
	if j.free > j.o.MinFree {
		onDisk = int64((j.free - j.o.MinFree) / uint64(j.o.FileBytes))
	}
	if j.prepared {
		onDisk++
	}
	more := max(0, min(j.o.Limit/j.o.FileBytes-int64(len(j.files)), onDisk))
	pending := int64(len(j.open.frames))
	if j.flying != nil {
		pending += int64(len(j.flying.rest()))
	}
	return tail + more*(j.o.FileBytes-headerSize-largest) - pending
}

// Stats is how a log stands.
type Stats struct {
	First, Last, Durable uint64 // sequences, as the methods of that name
	Bytes                int64  // of all files on the disk
	Room                 int64  // bytes of Routine records that still fit
	Err                  error  // why the disk refuses (ErrFailed); nil: it does not
}

// Stats tells how the log stands.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Stats{First: j.files[0].first, Last: j.last, Durable: j.durable, Room: max(0, j.room()-2*j.o.Reserve), Err: j.failure}
	for _, f := range j.files {
		s.Bytes += f.size
	}
	if j.prepared {
		s.Bytes += j.o.FileBytes
	}
	return s
}
