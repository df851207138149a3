package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Check makes a release of a folder that knows nothing, with models of at most
// maxModel bytes, and keeps it nowhere. It needs no maker. ErrPreflight.
func Check(f *registry.Folder, maxModel int64) (Made, error) {
	r, err := assemble(f, registry.Header{Counter: 1, CreatedMs: time.Now().UnixMilli()}, registry.Learned{}, maxModel)
	if err != nil {
		return Made{}, err
	}
	made := Made{Entry: registry.Entry{CreatedMs: r.CreatedMs, Manifest: r.Manifest}, Kind: kindFull, Looks: f.Looks(nil)}
	for _, a := range r.Release.Artifacts {
		made.Artifacts = append(made.Artifacts, registry.Artifact{Name: a.Name, Digest: [32]byte(a.Digest), Size: a.Size})
	}
	return made, nil
}

// Propose keeps the files as a full release that Publish can sign. Errors are
// rulebook.Faults and ErrPreflight.
func (m *Maker) Propose(ctx context.Context, actor, note string, files map[string][]byte) (Made, error) {
	m.making.Lock()
	defer m.making.Unlock()
	f, err := registry.CheckFiles(files, m.cfg.Scheme)
	if err != nil {
		return Made{}, err
	}
	r, err := m.propose(ctx, actor, note, f)
	if err != nil {
		return Made{}, err
	}
	made, err := m.get(ctx, r.Counter)
	inForce, _ := m.Folder()
	made.Looks = f.Looks(inForce)
	return made, err
}

func (m *Maker) propose(ctx context.Context, actor, note string, f *registry.Folder) (*registry.Release, error) {
	h, err := m.next(ctx, note)
	if err != nil {
		return nil, err
	}
	r, lineage, err := m.assemble(ctx, f, h)
	if err != nil {
		return nil, err
	}
	return r, m.keep(ctx, kindFull, actor, r, lineage)
}

// next is the header of a full release to be made now.
func (m *Maker) next(ctx context.Context, note string) (registry.Header, error) {
	counter, err := m.cfg.Registry.Next(ctx)
	if err != nil {
		return registry.Header{}, err
	}
	full, last, err := m.cfg.Repository.Newest()
	return registry.Header{
		Counter: max(counter, last.GetCounter()+1), MinCounter: full.GetMinCounter(),
		CreatedMs: m.cfg.Now().UnixMilli(), Note: note,
	}, err
}

// Publish signs a proposal, 0 being the last one, and brings it to the nodes. If
// releases were published since it was proposed, its folder is made into a new
// release with the models as they are now, under the next counter.
func (m *Maker) Publish(ctx context.Context, actor string, counter uint64) (Made, error) {
	m.making.Lock()
	defer m.making.Unlock()
	proposal, err := m.proposal(ctx, counter)
	if err != nil {
		return Made{}, err
	}
	f, err := m.cfg.Registry.Folder(proposal.Entry, m.cfg.Scheme)
	if err != nil {
		return Made{}, err
	}
	r, err := m.kept(proposal.Entry)
	if err != nil {
		return Made{}, err
	}
	_, last, err := m.cfg.Repository.Newest()
	if err != nil {
		return Made{}, err
	}
	if r.Counter <= last.GetCounter() {
		if r, err = m.propose(ctx, actor, proposal.Note, f); err != nil {
			return Made{}, err
		}
	}
	if err := m.sign(ctx, rollout.Full, r); err != nil {
		return Made{}, err
	}
	m.enforce(f)
	return m.get(ctx, r.Counter)
}

// kept is a release as it was assembled; ErrNotKept if it was swept.
func (m *Maker) kept(e registry.Entry) (*registry.Release, error) {
	artifacts, err := m.cfg.Registry.Read(e)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotKept
	}
	if err != nil {
		return nil, err
	}
	r, err := trust.Parse(e.Manifest)
	return &registry.Release{Release: r, Manifest: e.Manifest, Artifacts: artifacts}, err
}

// Refresh publishes what was learned since the last release: ErrNothing if that
// is nothing, or if nothing may be refreshed now.
func (m *Maker) Refresh(ctx context.Context) (Made, error) {
	m.making.Lock()
	defer m.making.Unlock()
	full, _, err := m.cfg.Repository.Newest()
	if err != nil {
		return Made{}, err
	}
	f, _ := m.Folder()
	learned, err := m.due(ctx, f)
	if err != nil {
		return Made{}, err
	}
	h, err := m.next(ctx, full.GetNote())
	if err != nil {
		return Made{}, err
	}
	r, lineage, err := m.assemble(ctx, f, h)
	if err != nil {
		return Made{}, err
	}
	if err := trust.OnlyModels(full, r.Release); err != nil {
		return Made{}, fmt.Errorf("refresh release %d: %w; publish its folder again", full.Counter, err)
	}
	if newest, _, err := m.Newest(ctx); err != nil {
		return Made{}, err
	} else if same(newest.Entry, r) {
		return Made{}, fmt.Errorf("%w: all is as in release %d", ErrNothing, newest.Counter)
	}
	if err := m.keep(ctx, kindRefresh, Trainer, r, lineage); err != nil {
		return Made{}, err
	}
	if err := m.sign(ctx, rollout.Refresh, r); err != nil {
		return Made{}, err
	}
	m.cfg.Log.Info("models refreshed", "counter", h.Counter, "file", learned.Stats.File, "decisions", learned.Stats.Decisions)
	return m.get(ctx, h.Counter)
}

// same tells whether a release has nothing but what an earlier one has: so it is
// where no model is learned, and the rankings stand.
func same(e registry.Entry, r *registry.Release) bool {
	was := make(map[string]artifact.Digest)
	for _, a := range e.Artifacts {
		was[a.Name] = a.Digest
	}
	return len(was) == len(r.Release.Artifacts) && !slices.ContainsFunc(r.Release.Artifacts, func(a *wire.Artifact) bool {
		return was[a.Name] != artifact.Digest(a.Digest)
	})
}

// due is what was learned for a folder since the last release.
func (m *Maker) due(ctx context.Context, f *registry.Folder) (*training.Snapshot, error) {
	newest, _, err := m.Newest(ctx)
	if err != nil {
		return nil, err
	}
	if newest.Kind == kindRollback {
		return nil, fmt.Errorf("%w: release %d took something back; publish a folder to go on", ErrNothing, newest.Counter)
	}
	learned := m.cfg.Learned(f)
	if learned == nil {
		return nil, fmt.Errorf("%w: the ledger is being learned from again", ErrNothing)
	}
	for _, l := range newest.Lineage {
		if l.Decisions == learned.Stats.Decisions && l.Rows == learned.Stats.Learned {
			return nil, fmt.Errorf("%w: no decision was finished since release %d", ErrNothing, newest.Counter)
		}
	}
	return learned, nil
}

// Rollback publishes again, under a new counter, what the release of a counter
// named: registry.ErrNone, ErrNotPublished or ErrNotKept if it can't be.
func (m *Maker) Rollback(ctx context.Context, actor string, counter uint64, note string) (Made, error) {
	m.making.Lock()
	defer m.making.Unlock()
	old, err := m.get(ctx, counter)
	if err == nil && !old.Published {
		err = ErrNotPublished
	}
	if err != nil {
		return Made{}, err
	}
	r, err := m.kept(old.Entry)
	if err != nil {
		return Made{}, err
	}
	f, err := m.cfg.Registry.Folder(old.Entry, m.cfg.Scheme)
	if err != nil {
		return Made{}, err
	}
	if err := m.renew(ctx, r, note); err != nil {
		return Made{}, err
	}
	if err := m.keep(ctx, kindRollback, actor, r, old.Lineage); err != nil {
		return Made{}, err
	}
	if err := m.sign(ctx, rollout.Full, r); err != nil {
		return Made{}, err
	}
	m.enforce(f)
	return m.get(ctx, r.Counter)
}

// renew gives a release the next counter, behind which no node goes back.
func (m *Maker) renew(ctx context.Context, r *registry.Release, note string) error {
	h, err := m.next(ctx, note)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	r.Id, r.Counter, r.MinCounter, r.CreatedMs, r.Note = id.String(), h.Counter, h.Counter, h.CreatedMs, h.Note
	r.Manifest, err = wire.AppendMessage(nil, r.Release)
	return err
}

// assemble makes a release of a folder and what was learned that fits it.
func (m *Maker) assemble(ctx context.Context, f *registry.Folder, h registry.Header) (*registry.Release, []registry.Lineage, error) {
	learned, lineage, err := m.learned(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	r, err := assemble(f, h, learned, m.cfg.MaxModel)
	return r, lineage, err
}

func assemble(f *registry.Folder, h registry.Header, learned registry.Learned, maxModel int64) (*registry.Release, error) {
	if err := sane(f, learned.Models); err != nil {
		return nil, err
	}
	r, err := f.Assemble(h, learned)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPreflight, err)
	}
	return r, fits(r, maxModel)
}

// keep stores a release that is not signed yet.
func (m *Maker) keep(ctx context.Context, kind, actor string, r *registry.Release, lineage []registry.Lineage) error {
	if err := m.made(ctx, r, kind, actor); err != nil {
		return err
	}
	return m.cfg.Registry.Keep(ctx, r, lineage...)
}

// sign brings a kept release to the nodes. A crash before Publish has returned
// is made good by Open.
func (m *Maker) sign(ctx context.Context, role rollout.Role, r *registry.Release) error {
	err := m.cfg.Repository.Publish(ctx, role, r.Manifest, slices.Collect(maps.Values(r.Artifacts))...)
	if errors.Is(err, rollout.ErrNotPushed) {
		m.cfg.Log.Warn("a release is signed, and on its way to the hub", "counter", r.Counter, "error", err)
		err = nil
	}
	if err != nil {
		return fmt.Errorf("publish release %d: %w", r.Counter, err)
	}
	return m.published(context.WithoutCancel(ctx), r.Counter)
}
