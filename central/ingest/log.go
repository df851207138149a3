package ingest

import (
	"slices"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/subject"
)

// logKey names a log: one agent's, since it last began anew.
type logKey struct {
	agent string
	epoch [16]byte
}

// nodeLog is how far a log is in the ledger, and the segments that came but are not
// in it yet.
type nodeLog struct {
	key       logKey
	node      subject.Node
	committed uint64 // 0: nothing yet
	atMs      int64  // node time of the record at committed
	waiting   []arrival
}

// arrival is an opened segment with the means to answer it.
type arrival struct {
	*segment.Segment
	Delivery
	receivedMs int64
}

func (a *arrival) bytes() int64 { return int64(a.Header.RawBytes) }

// add keeps an arrival until its turn. One that came before, which its sender or
// the hub repeated, takes the other's place: the hub listens to the last answer.
func (l *nodeLog) add(a arrival) (grown int64) {
	for i := range l.waiting {
		old := l.waiting[i].Header
		if old.First == a.Header.First && old.Last == a.Header.Last && old.Revision == a.Header.Revision {
			l.waiting[i] = a
			return 0
		}
	}
	l.waiting = append(l.waiting, a)
	return a.bytes()
}

// next is the range of sequences that comes next and the segment to take it
// from: among those that hold the sequence after done, the one of the highest
// revision, up to where one of a yet higher revision begins.
func (l *nodeLog) next(done uint64) (from *arrival, last uint64) {
	for i := range l.waiting {
		a := &l.waiting[i]
		if a.Header.First > done+1 || a.Header.Last <= done {
			continue
		}
		if from == nil || a.Header.Revision > from.Header.Revision ||
			a.Header.Revision == from.Header.Revision && a.Header.Last > from.Header.Last {
			from = a
		}
	}
	if from == nil {
		return nil, 0
	}
	last = from.Header.Last
	for i := range l.waiting {
		a := l.waiting[i].Header
		if a.Revision > from.Header.Revision && a.First > done+1 && a.First <= last {
			last = a.First - 1
		}
	}
	return from, last
}

// drain appends the rows that continue the log without a gap, and tells how far
// they reach. Nothing of the log changes: that is for settle, after the commit.
func (l *nodeLog) drain(rows []ledger.Row) ([]ledger.Row, uint64) {
	done := l.committed
	atMs := l.atMs
	for {
		from, last := l.next(done)
		if from == nil {
			return rows, done
		}
		for seq, record := range from.Records() {
			if seq <= done || seq > last {
				continue
			}
			rows = append(rows, ledger.Row{
				Agent: l.key.agent, Site: l.node.Site(), Epoch: l.key.epoch, Seq: seq,
				AtMs: atMs, ReceivedMs: from.receivedMs, Record: record,
			})
			r := &rows[len(rows)-1]
			place(r)
			atMs = r.AtMs // of an unreadable record: that of the one before it
		}
		done = last
	}
}

// settle moves the log on after a commit and gives back what is now answered.
func (l *nodeLog) settle(committed uint64, atMs int64) (answered []arrival) {
	l.committed, l.atMs = committed, atMs
	l.waiting = slices.DeleteFunc(l.waiting, func(a arrival) bool {
		covered := a.Header.Last <= committed
		if covered {
			answered = append(answered, a)
		}
		return covered
	})
	return answered
}

// missing is the first gap: the sequences that must come before any that wait.
func (l *nodeLog) missing() (first, last uint64, ok bool) {
	for _, a := range l.waiting {
		if h := a.Header; h.Last > l.committed && (!ok || h.First-1 < last) {
			first, last, ok = l.committed+1, h.First-1, true
		}
	}
	return first, last, ok && last >= first
}

// farthest is the waiting segment that will be of use last.
func (l *nodeLog) farthest() int {
	far := -1
	for i := range l.waiting {
		if far < 0 || l.waiting[i].Header.First > l.waiting[far].Header.First {
			far = i
		}
	}
	return far
}
