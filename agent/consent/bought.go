package consent

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/profilebody"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Bought is one purchase of a person, or one that they took back.
type Bought struct {
	Who   wire.Pseudonym
	Item  uint64 // xxhash64 of its id
	AtMs  int64
	Price uint32 // of one, gross in minor units; 0: not known
	Back  bool
}

// Bought enters purchases in the persons' histories and returns the sequence of
// the last, 0 for none: they are durable once the store is synced up to it. Only
// where profile_building and a purpose that the history is declared for are
// granted; of anybody else nothing is kept, and that is no error. An error leaves
// the histories as far as they came.
func (l *Ledger) Bought(terms Terms, declared []Declared, all []Bought) (last uint64, err error) {
	if !slices.ContainsFunc(declared, func(d Declared) bool { return d.Name == rulebook.Purchases }) {
		return 0, nil
	}
	for len(all) > 0 && err == nil {
		of := all[:1] // a basket is of one person
		for len(of) < len(all) && all[len(of)].Who == of[0].Who {
			of = all[:len(of)+1]
		}
		var seq uint64
		seq, err = l.bought(Request{Who: of[0].Who, Terms: terms}, declared, of)
		last, all = max(last, seq), all[len(of):]
	}
	if last > 0 {
		err = errors.Join(err, l.vault.Sync())
	}
	return last, err
}

func (l *Ledger) bought(r Request, declared []Declared, all []Bought) (seq uint64, err error) {
	seq, err = l.rewrite(r.Who, func(v *store.View, was []Field) ([]Field, error) {
		g := l.Grants(v, r)
		keep, ok := keeps(&g, declared)
		if !ok {
			return nil, errSame
		}
		now := l.store.Now()
		history := slices.Clone(historyOf(was))
		for _, b := range all {
			history = enter(history, b)
		}
		history = pruned(history, now, keep)
		rest := slices.DeleteFunc(was, isHistory)
		if len(history) == 0 {
			return rest, nil
		}
		return append(rest, Field{Name: rulebook.Purchases, Value: Value{Kind: History, History: history}, SetAtMs: now}), nil
	})
	return seq, same(err)
}

// errSame: a profile stays as it is.
var errSame = errors.New("the same")

func same(err error) error {
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

// rewrite puts in place of a profile what change makes of all its fields.
func (l *Ledger) rewrite(who wire.Pseudonym, change func(v *store.View, was []Field) ([]Field, error)) (uint64, error) {
	p := &wire.Profile{Pseudonym: who[:], Source: local}
	return l.store.Commit(&wire.Record{Body: &wire.Record_Profile{Profile: p}}, func(v *store.View) error {
		version, sealed := l.rows.Get(v, who)
		fields, err := change(v, l.all(who, version, sealed))
		if err != nil {
			return err
		}
		body, err := profilebody.Append(nil, fields)
		if err != nil {
			return err
		}
		p.Version = version + 1
		p.Body, err = l.vault.Seal(nil, who, p.Version, body)
		return err
	})
}

// all are the fields of a profile, none where it can't be opened.
func (l *Ledger) all(who wire.Pseudonym, version uint64, sealed []byte) []Field {
	if sealed == nil {
		return nil
	}
	body, err := l.unseal(nil, who, version, sealed)
	if err != nil {
		return nil
	}
	fields, err := profilebody.Decode(body, func(string) bool { return true })
	if err != nil {
		return nil
	}
	return fields
}

// keeps tells whether a history may be written, and how long an entry of it is of
// use to anybody: 0 for ever.
func keeps(g *Grants, declared []Declared) (keep time.Duration, ok bool) {
	if !g.Has(wire.ProfileBuilding) {
		return 0, false
	}
	for _, d := range declared {
		if d.Name != rulebook.Purchases || !g.Has(d.Purpose) {
			continue
		}
		if keep = max(keep, d.TTL); d.TTL == 0 {
			return 0, true
		}
		ok = true
	}
	return keep, ok
}

// forget takes the history out of the profile of a person whose profile may not
// be built any more. It can't be read from their withdrawal on, whether or not
// there is room to write this.
func (l *Ledger) forget(who wire.Pseudonym) {
	_, err := l.rewrite(who, func(v *store.View, was []Field) ([]Field, error) {
		row, err := l.row(v, who)
		if err != nil || row == nil || row.granted.has(wire.ProfileBuilding) || historyOf(was) == nil {
			return nil, errSame
		}
		return slices.DeleteFunc(was, isHistory), nil
	})
	if same(err) != nil {
		slog.Warn("a history stays sealed in a profile until the next change", "err", err)
	}
}

func isHistory(f Field) bool { return f.Value.Kind == History }

func historyOf(fields []Field) []Purchase {
	if i := slices.IndexFunc(fields, isHistory); i >= 0 {
		return fields[i].Value.History
	}
	return nil
}

// enter enters one purchase, or takes one back.
func enter(history []Purchase, b Bought) []Purchase {
	one := Purchase{Item: b.Item, Day: uint16(DayOf(b.AtMs)), Times: 1, Price: b.Price}
	i, known := slices.BinarySearchFunc(history, one, profilebody.ByItem)
	switch {
	case b.Back && !known:
		return history
	case !known:
		return slices.Insert(history, i, one)
	}
	p := &history[i]
	if b.Back {
		if p.Times--; p.Times == 0 {
			return slices.Delete(history, i, i+1)
		}
		return history
	}
	p.Day = max(p.Day, one.Day)
	if p.Times < 1<<16-1 {
		p.Times++
	}
	p.Price = usual(p.Price, b.Price, int64(p.Times))
	return history
}

// usual is the mean price after one more purchase, the times-th.
func usual(was, price uint32, times int64) uint32 {
	switch {
	case price == 0:
		return was
	case was == 0:
		return price
	}
	return uint32((int64(was)*(times-1) + int64(price) + times/2) / times)
}

// pruned is a history without what is of no use any more, and the oldest gone
// where it is too long.
func pruned(history []Purchase, now int64, keep time.Duration) []Purchase {
	if keep > 0 {
		history = slices.DeleteFunc(history, func(p Purchase) bool { return !p.Fresh(now, keep) })
	}
	for len(history) > profilebody.MaxHistory {
		oldest := 0
		for i := range history {
			if history[i].Day < history[oldest].Day {
				oldest = i
			}
		}
		history = slices.Delete(history, oldest, oldest+1)
	}
	return history
}
