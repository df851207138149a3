package training

import "slices"

// orphans are outcomes that came before their decision: another agent's log was
// faster. They wait in the order they came.
type orphans struct {
	byKey map[orphanKey][]*orphan
	line  []*orphan // oldest first; those that found their decision are skipped
	alone int       // of line: those that still wait
}

// orphanKey is how an outcome knows its decision: by the event where the node
// did not know the decision, else by the decision.
type orphanKey struct {
	event    uint64
	decision decisionID
}

type orphan struct {
	outcome
	key        orphanKey
	receivedMs int64
	joined     bool
}

func (o *orphans) add(x *orphan) {
	o.byKey[x.key] = append(o.byKey[x.key], x)
	o.line = append(o.line, x)
	o.alone++
}

// claim gives a decision the outcomes that waited for it: those that came before
// it, which is all of them but while a checkpoint is restored.
func (o *orphans) claim(d *decision) {
	for _, key := range []orphanKey{{decision: d.id}, {event: d.event}} {
		waiting, known := o.byKey[key]
		if !known || key == (orphanKey{}) {
			continue
		}
		rest := waiting[:0]
		for _, x := range waiting {
			if x.at.compare(d.at) > 0 {
				rest = append(rest, x)
				continue
			}
			d.told = append(d.told, x.outcome)
			x.joined = true
			o.alone--
		}
		if o.byKey[key] = rest; len(rest) == 0 {
			delete(o.byKey, key)
		}
	}
}

// expire drops the outcomes that came before a time, and the oldest beyond a
// number, and says how many that were.
func (o *orphans) expire(beforeMs int64, most int) (dropped int64) {
	n := 0
	for _, x := range o.line {
		if !x.joined {
			if x.receivedMs >= beforeMs && o.alone <= most {
				break
			}
			o.byKey[x.key] = o.byKey[x.key][1:] // lists are in the order of the line
			if len(o.byKey[x.key]) == 0 {
				delete(o.byKey, x.key)
			}
			o.alone--
			dropped++
		}
		n++
	}
	o.line = slices.Delete(o.line, 0, n)
	return dropped
}
