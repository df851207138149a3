package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/wire"
)

// maxDraft bounds the memory of records that wait to be sealed, in bytes.
const maxDraft = 2 << 20

// draft collects the records of the next segment.
type draft struct {
	next    uint64 // sequence of the next record to collect
	records [][]byte
	bytes   int
	since   time.Time // when the first of them was found
	closed  bool      // no more will come: the log's file ends here
	packs   float64   // bytes sealed for one collected, of the last segment
}

func (d *draft) first() uint64 { return d.next - uint64(len(d.records)) }

// full tells whether the next segment would probably not take much more.
func (d *draft) full(limit int) bool {
	return d.bytes >= maxDraft || float64(d.bytes)*d.packs > 0.9*float64(limit)
}

var errFull = errors.New("full")

// collect adds durable records until the draft is full, all are in, or the
// log's file ends: a segment is a range of one file.
func (o *Outbox) collect(now time.Time) error {
	d := &o.draft
	durable := o.log.Durable()
	if d.closed || d.next > durable {
		return nil
	}
	end, err := o.log.FileEnd(d.first())
	if err != nil {
		return fmt.Errorf("collect record %d: %w", d.next, err)
	}
	if len(d.records) == 0 {
		d.since = now
	}
	err = o.log.Read(d.next, end, func(_ uint64, payload []byte) error {
		if d.full(o.cfg.SegmentBytes) {
			return errFull
		}
		d.records = append(d.records, bytes.Clone(payload))
		d.bytes += len(payload)
		d.next++
		return nil
	})
	if err != nil && err != errFull {
		return fmt.Errorf("collect records: %w", err)
	}
	d.closed = d.next > end && durable > end
	return nil
}

// seal makes a segment of the draft when it is due and tells whether it did.
// Nothing is sealed far ahead of what can be sent: while the hub is away the log
// keeps the records, and they go in full segments afterwards.
func (o *Outbox) seal(now time.Time) (bool, error) {
	if o.count(waiting)+o.flying >= 2*o.cfg.Window {
		return false, nil
	}
	unread := o.collect(now)
	if !o.due(now) {
		return false, unread
	}
	e, sealed, err := o.fit()
	if err == nil {
		err = artifact.Replace(o.path(e), sealed)
	}
	if err != nil {
		return false, errors.Join(unread, fmt.Errorf("seal records: %w", err))
	}
	o.entries = append(o.entries, e)
	o.draft.sealed(int(e.last-e.first)+1, len(sealed))
	return true, unread
}

// due tells whether the draft is full, closed, or at the next look too old.
func (o *Outbox) due(now time.Time) bool {
	d := &o.draft
	return len(d.records) > 0 && (d.closed || d.full(o.cfg.SegmentBytes) || now.Sub(d.since) >= o.cfg.SegmentAge-o.poll())
}

// fit packs as many of the draft's records as make a segment.
func (o *Outbox) fit() (*entry, []byte, error) {
	for n := len(o.draft.records); ; n = max(1, n*3/4) {
		e, sealed, err := o.pack(o.draft.first(), o.draft.records[:n])
		tooLarge := errors.Is(err, segment.ErrTooLarge) || len(sealed) > o.cfg.SegmentBytes
		if n == 1 || !tooLarge {
			return e, sealed, err
		}
	}
}

// pack seals records of our log.
func (o *Outbox) pack(first uint64, records [][]byte) (*entry, []byte, error) {
	h := &wire.SegmentHeader{
		Agent: o.cfg.Agent, Epoch: o.epoch[:], First: first,
		FirstAtMs: at(records[0]), LastAtMs: at(records[len(records)-1]),
	}
	sealed, err := segment.Seal(h, records, o.cfg.Sign)
	if err != nil {
		return nil, nil, err
	}
	return &entry{epoch: o.epoch, first: first, last: h.Last, size: int64(len(sealed))}, sealed, nil
}

// at is a record's time; 0 for one that this build can't read.
func at(record []byte) int64 {
	r, err := wire.Decode(record)
	if err != nil {
		return 0
	}
	return r.AtMs
}

// sealed takes the first n records out.
func (d *draft) sealed(n, size int) {
	out := 0
	for _, r := range d.records[:n] {
		out += len(r)
	}
	d.packs = float64(size) / float64(out)
	d.records = slices.Clone(d.records[n:])
	d.bytes -= out
	if len(d.records) == 0 {
		d.closed = false
	}
}
