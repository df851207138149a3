package training

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// stateVersion changes with the meaning of saved or with how anything is
// learned; a checkpoint of another version is not used.
const stateVersion = 1

// saved is a checkpoint, in gob. Decisions that wait are not in it: they are
// read again from the ledger, from the file From on.
type saved struct {
	From   int64
	Stats  Stats
	Clock  int64
	Faded  int64
	Sites  map[string]int64 // passed
	Agents []savedAgent
	Slots  map[string]savedSlot
	Models map[string]savedModel
	Early  []savedOutcome // outcomes that came before their decision, be it there or not

	Baskets []basket
}

type savedAgent struct {
	Name, Site string
	Lag        int64
	Epochs     [][16]byte
	Marks      []int64
}

type savedSlot struct {
	Arms  []experiment.Moments
	Items map[string]itemMean
}

type savedModel struct {
	Noise   float64
	Weights []weight
}

type savedOutcome struct {
	Event           uint64
	Decision        decisionID
	ReceivedMs      int64
	At              place
	AtMs            int64
	Item            uint64
	Kind            int32
	Quantity, Value float64
}

// checkpoint saves the state and its place in one step.
func (t *Trainer) checkpoint(ctx context.Context) error {
	t.mu.Lock()
	file, s := t.state.stats.File, t.state.save()
	t.mu.Unlock()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(s); err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	err := t.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO training_checkpoint (one, fingerprint, file, state) VALUES (1, ?, ?, ?)
			ON CONFLICT (one) DO UPDATE SET fingerprint = excluded.fingerprint, file = excluded.file, state = excluded.state`,
			t.fingerprint[:], file, b.Bytes())
		return err
	})
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

// restore loads the checkpoint, or begins anew, and finds again the decisions
// that waited.
func (t *Trainer) restore(ctx context.Context) error {
	var err error
	if t.state, err = newState(&t.cfg); err != nil {
		return err
	}
	var fingerprint, state []byte
	err = t.db.View(ctx, func(tx *store.Tx) error {
		return tx.One(`SELECT fingerprint, state FROM training_checkpoint`).Scan(&fingerprint, &state)
	})
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	if !bytes.Equal(fingerprint, t.fingerprint[:]) {
		t.cfg.Log.Info("slots, columns or learning changed: learning anew from the whole ledger")
		return nil
	}
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(state)).Decode(&s); err != nil {
		return fmt.Errorf("decode checkpoint: %w", err)
	}
	t.state.load(&s)
	return t.rewait(ctx, s.From)
}

// rewait reads the files from one on, up to the checkpoint's place, for the
// decisions that wait.
func (t *Trainer) rewait(ctx context.Context, from int64) error {
	files, err := t.ledger.Files(ctx, from-1)
	if err != nil {
		return fmt.Errorf("list ledger files: %w", err)
	}
	t.state.restoring = true
	defer func() {
		t.state.restoring = false
		maps.DeleteFunc(t.state.join.byEvent, func(_ uint64, d *decision) bool { return d == gone })
	}()
	for _, f := range files {
		if f.Ordinal > t.state.stats.File {
			return nil
		}
		if err := t.take(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) save() *saved {
	out := &saved{
		From: s.join.oldest(s.stats.File + 1), Stats: s.stats, Clock: s.clock, Faded: s.faded,
		Sites: make(map[string]int64), Slots: make(map[string]savedSlot), Models: make(map[string]savedModel),
	}
	for name, x := range s.join.sites {
		out.Sites[name] = x.passed
	}
	for _, name := range slices.Sorted(maps.Keys(s.join.agents)) {
		a := s.join.agents[name]
		x := savedAgent{Name: name, Site: a.site.name, Lag: a.lag}
		for _, l := range a.logs {
			x.Epochs, x.Marks = append(x.Epochs, l.epoch), append(x.Marks, l.mark)
		}
		out.Agents = append(out.Agents, x)
	}
	for id, x := range s.slots {
		items := make(map[string]itemMean, len(x.items))
		for name, m := range x.items {
			items[name] = *m
		}
		out.Slots[id] = savedSlot{slices.Clone(x.arms), items}
	}
	for name, m := range s.models {
		out.Models[name] = savedModel{m.noise, slices.Clone(m.weights)}
	}
	out.Early = s.join.early()
	out.Baskets = s.baskets.saved()
	return out
}

// early are the outcomes that reading the ledger again would not bring back:
// when their row comes, their decision is not there.
func (j *join) early() (out []savedOutcome) {
	for _, x := range j.orphans.line {
		if !x.joined {
			out = append(out, saveOutcome(&x.outcome, x.key, x.receivedMs))
		}
	}
	for _, d := range j.byID {
		for i := range d.told {
			if d.told[i].at.compare(d.at) < 0 {
				out = append(out, saveOutcome(&d.told[i], orphanKey{decision: d.id}, math.MaxInt64))
			}
		}
	}
	slices.SortFunc(out, func(a, b savedOutcome) int { return a.At.compare(b.At) })
	return out
}

func saveOutcome(o *outcome, key orphanKey, receivedMs int64) savedOutcome {
	return savedOutcome{key.event, key.decision, receivedMs, o.at, o.atMs, o.item, int32(o.kind), o.quantity, o.value}
}

func (s *state) load(in *saved) {
	s.stats, s.clock, s.faded = in.Stats, in.Clock, in.Faded
	for name, passed := range in.Sites {
		s.join.site(name).passed = passed
	}
	for _, x := range in.Agents {
		a := &agent{name: x.Name, site: s.join.site(x.Site), lag: x.Lag}
		for i := range x.Epochs {
			a.begin(x.Epochs[i], x.Marks[i])
		}
		s.join.agents[x.Name] = a
	}
	for id, x := range in.Slots {
		copy(s.slots[id].arms, x.Arms)
		for name, m := range x.Items {
			s.slots[id].items[name] = &m
		}
	}
	for name, m := range in.Models {
		s.models[name].noise, s.models[name].weights = m.Noise, m.Weights
	}
	for _, g := range in.Baskets {
		s.baskets.begin(g)
	}
	for _, o := range in.Early {
		s.join.orphans.add(&orphan{
			outcome: outcome{o.At, o.AtMs, o.Item, wire.OutcomeType(o.Kind), o.Quantity, o.Value},
			key:     orphanKey{o.Event, o.Decision}, receivedMs: o.ReceivedMs,
		})
	}
}
