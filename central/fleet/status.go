package fleet

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

const writeEvery = 5 * time.Second

// Report keeps an agent's account of itself. The caller has authenticated the
// agent; whatever name the account carries is replaced. Unknown agents are
// ignored. The account is durable a few seconds later, by Run.
func (f *Fleet) Report(agent string, s *wire.Status) {
	s = proto.Clone(s).(*wire.Status)
	f.hear(agent, func(m *member) {
		s.Agent, s.Site = m.Name, m.Site
		m.Status = s
	})
}

// Heard notes a sign of life that is no status: a segment that was taken in.
func (f *Fleet) Heard(agent string) {
	f.hear(agent, func(*member) {})
}

func (f *Fleet) hear(agent string, then func(*member)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.agents[agent]; m != nil {
		m.HeardMs, m.dirty = f.now().UnixMilli(), true
		then(m)
	}
}

// Run writes what was heard to disk every few seconds, and once more when ctx
// ends. What a crash loses of it the agents say again.
func (f *Fleet) Run(ctx context.Context) error {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := f.flush(ctx); err != nil && ctx.Err() == nil {
				f.log.Warn("write agents' status", "error", err) // their next words are written again
			}
		case <-ctx.Done():
			return f.flush(context.WithoutCancel(ctx))
		}
	}
}

func (f *Fleet) flush(ctx context.Context) error {
	f.changing.Lock()
	defer f.changing.Unlock()
	dirty := f.takeDirty()
	if len(dirty) == 0 {
		return nil
	}
	return f.db.Update(ctx, func(tx *store.Tx) error {
		for _, a := range dirty {
			var status []byte
			var err error
			if a.Status != nil {
				if status, err = proto.Marshal(a.Status); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(`UPDATE fleet_agent SET heard_ms = ?, status = ? WHERE name = ?`, a.HeardMs, status, a.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *Fleet) takeDirty() (dirty []Agent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.agents {
		if m.dirty {
			m.dirty = false
			dirty = append(dirty, m.Agent)
		}
	}
	return dirty
}
