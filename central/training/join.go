package training

import (
	"cmp"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/sync/wire"
)

// place is where a row lies in the ledger.
type place struct{ File, Row int64 }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Row, q.Row))
}

// join holds what waits: decisions for their outcomes, outcomes for their
// decisions, and how far the agents have come.
type join struct {
	sites   map[string]*site
	agents  map[string]*agent
	byID    map[decisionID]*decision
	byEvent map[uint64]*decision // the last one of an event, see eventKey
	orphans orphans
}

type decisionID [16]byte

// site is a place whose agents may tell each other's outcomes.
type site struct {
	name   string
	passed int64 // node time that all agents in scope have passed; never falls
}

// agent is one sender of records, with its logs in the order they began.
type agent struct {
	name string
	site *site
	logs []*log
	lag  int64 // of its last row: ms from node time to receipt
}

// log is one log of an agent.
type log struct {
	agent  *agent
	epoch  [16]byte
	mark   int64    // node time of its last row
	queues []*queue // of decisions that wait, one a slot
}

// queue holds decisions of one log and slot in the order of the log, so that
// the ends of their waits only grow.
type queue struct {
	slot  *slot
	items []*decision
	head  int
}

// decision is one that waits, with no more of it than will be needed then.
type decision struct {
	id         decisionID
	event      uint64
	at         place
	atMs       int64 // node time
	receivedMs int64
	log        *log
	site       *site
	slot       *slot
	arm        int  // in the slot's experiment; -1: none
	active     bool // shown at once, or activated since
	learnable  bool // its features are those of the slot's model
	shown      []shown
	names      []string  // of the items that were drawn, "" of pins, in the uniform arm only
	dense      []float32 // features: the context's, then those of each shown row
	ids        []uint32  // likewise
	told       []outcome
}

// shown is one position.
type shown struct {
	item   uint64  // hash of its id
	weight float64 // of it as an observation
	margin float64 // net, in minor units, of one piece; NaN: unknown
}

// gone stands, while a checkpoint is restored, for decisions that are finished.
var gone = new(decision)

// outcome is what was told about a decision.
type outcome struct {
	at       place
	atMs     int64
	item     uint64 // hash of its id; 0: the decision as a whole
	kind     wire.OutcomeType
	quantity float64
	value    float64
}

// activation is the outcome of a deferred decision that was shown after all.
const activation = wire.OutcomeType(-1)

func newJoin() join {
	return join{
		sites: make(map[string]*site), agents: make(map[string]*agent),
		byID: make(map[decisionID]*decision), byEvent: make(map[uint64]*decision),
		orphans: orphans{byKey: make(map[orphanKey][]*orphan)},
	}
}

func (j *join) site(name string) *site {
	s := j.sites[name]
	if s == nil {
		s = &site{name: name, passed: math.MinInt64}
		j.sites[name] = s
	}
	return s
}

func (j *join) log(r *ledger.Row) *log {
	a := j.agents[r.Agent]
	if a == nil {
		a = &agent{name: r.Agent}
		j.agents[r.Agent] = a
	}
	if a.site == nil || a.site.name != r.Site {
		a.site = j.site(r.Site)
	}
	for i := len(a.logs) - 1; i >= 0; i-- {
		if a.logs[i].epoch == r.Epoch {
			return a.logs[i]
		}
	}
	return a.begin(r.Epoch, math.MinInt64)
}

func (a *agent) begin(epoch [16]byte, mark int64) *log {
	l := &log{agent: a, epoch: epoch, mark: mark}
	a.logs = append(a.logs, l)
	return l
}

// passed is the node time up to which nothing more of a log can come: its own,
// or that of a log that its agent has begun since.
func (l *log) passed() int64 {
	logs := l.agent.logs
	p := l.mark
	for i := len(logs) - 1; logs[i] != l; i-- {
		p = max(p, logs[i].mark)
	}
	return p
}

// finished tells that a decision can get no more outcomes. A clock that runs
// ahead can't make it wait for others longer than its receipt allows.
func (d *decision) finished() bool {
	return d.log.passed() > d.atMs+d.slot.waitMs && d.site.passed > min(d.atMs, d.receivedMs)+d.slot.waitMs
}

// pass moves every site on to where all its agents in scope have come. Without
// a scope those are all that were ever heard of.
func (j *join) pass(scope map[string][]string, lagMs int64) {
	if scope == nil {
		scope = make(map[string][]string)
		for _, a := range j.agents {
			scope[a.site.name] = append(scope[a.site.name], a.name)
		}
	}
	for _, s := range j.sites {
		least := int64(math.MaxInt64)
		for _, name := range scope[s.name] {
			a := j.agents[name]
			switch {
			case a == nil || len(a.logs) == 0:
				least = math.MinInt64 // enrolled, but nothing of it has come yet
			case a.lag <= lagMs:
				least = min(least, a.logs[len(a.logs)-1].mark)
			}
		}
		s.passed = max(s.passed, least)
	}
}

// hold makes a decision wait.
func (j *join) hold(d *decision) {
	j.byID[d.id] = d
	if d.event != 0 {
		j.byEvent[d.event] = d
	}
	for _, q := range d.log.queues {
		if q.slot == d.slot {
			q.items = append(q.items, d)
			return
		}
	}
	d.log.queues = append(d.log.queues, &queue{slot: d.slot, items: []*decision{d}})
}

// find is the decision that an outcome belongs to, if it waits.
func (j *join) find(k orphanKey) *decision {
	if k.event != 0 {
		return j.byEvent[k.event]
	}
	return j.byID[k.decision]
}

// takeFinished removes the decisions that are finished and returns them in the
// order of the ledger.
func (j *join) takeFinished() (done []*decision) {
	for _, a := range j.agents {
		for _, l := range a.logs {
			for _, q := range l.queues {
				done = q.takeFinished(done)
			}
		}
	}
	slices.SortFunc(done, func(a, b *decision) int { return a.at.compare(b.at) })
	for _, d := range done {
		delete(j.byID, d.id)
		if j.byEvent[d.event] == d {
			delete(j.byEvent, d.event)
		}
	}
	return done
}

func (q *queue) takeFinished(done []*decision) []*decision {
	for q.head < len(q.items) && q.items[q.head].finished() {
		done = append(done, q.items[q.head])
		q.items[q.head] = nil
		q.head++
	}
	if q.head > len(q.items)/2 { // each is moved at most once for each one taken
		q.items, q.head = slices.Delete(q.items, 0, q.head), 0
	}
	return done
}

// oldest is the first file of which a decision still waits.
func (j *join) oldest(otherwise int64) int64 {
	for _, a := range j.agents {
		for _, l := range a.logs {
			for _, q := range l.queues {
				if q.head < len(q.items) {
					otherwise = min(otherwise, q.items[q.head].at.File)
				}
			}
		}
	}
	return otherwise
}

// eventKey stands for a caller's event id at a site; 0 for none.
func eventKey(site string, event []byte) uint64 {
	if len(event) == 0 {
		return 0
	}
	var d xxhash.Digest
	d.ResetWithSeed(uint64(len(site)))
	d.WriteString(site)
	d.Write(event)
	return max(d.Sum64(), 1)
}

func itemKey(id []byte) uint64 {
	if len(id) == 0 {
		return 0
	}
	return max(xxhash.Sum64(id), 1)
}
