package agent

import (
	"fmt"
	"time"

	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/sync/wire"
)

// contact is the node time at which the hub was last heard, 0 for never.
func (a *Agent) contact() int64 {
	last := a.releases.Status().ContactMs
	if a.link != nil {
		if at := a.link.State().LastContact; !at.IsZero() {
			last = max(last, at.UnixMilli())
		}
	}
	return last
}

// ready tells whether the node can decide safely.
func (a *Agent) ready() error {
	switch {
	case a.releases.Active() == nil:
		return &ranking.Refusal{Problem: ranking.NoRelease, Detail: "no release runs here yet; wait for the hub, or look at `aisle-agent status`"}
	case a.log.Stats().Err != nil:
		return &ranking.Refusal{Problem: ranking.LogFailed, Detail: "the disk does not take the log; look at the node's disk"}
	}
	return nil
}

func (a *Agent) status() localapi.Status {
	now, sent := a.store.Now(), a.courier.Stats()
	since := func(ms int64) ranking.Seconds {
		if ms <= 0 {
			return -1
		}
		return ranking.Seconds(max(0, (now-ms)/1000))
	}
	s := localapi.Status{
		Agent: a.id.Agent, Site: a.id.Site, Build: a.build, Enrolled: a.id.Enrolled(),
		Age:   localapi.NodeAge{Model: -1, Catalogue: since(a.catalogue.Changed()), HubContact: since(a.contact())},
		Clock: localapi.ClockStatus{Now: time.UnixMilli(now).UTC(), SkewSeconds: a.store.Stats().Skew.Seconds()},
		Goods: localapi.GoodsStatus{Items: a.catalogue.Snapshot().Len(), Available: a.catalogue.Availability().Bits.Count(), Holds: a.holds.Live(),
			NotFound: a.catalogue.Availability().Lost.Count(), Negative: a.catalogue.Negative(),
			Actions: a.actions.Live(), Untaken: a.actions.Over(), Delivered: sent.Sent, Failed: sent.Failed, Tries: sent.Again},
		Log: a.logStatus(), Choices: append([]ranking.Watched{}, a.decider.Watch()...), Fairness: []fairness.Watched{},
	}
	r := a.releases.Status()
	s.Release = localapi.ReleaseStatus{Counter: r.Counter, ID: r.ID, Provisional: r.Provisional, Quarantine: r.Quarantine, Slots: []string{}}
	if r.Refused != nil {
		s.Release.Refused = localapi.RefusedRelease(r.Refused)
	}
	if active := a.releases.Active(); active != nil {
		for i := range active.Rulebook.Slots {
			s.Release.Slots = append(s.Release.Slots, active.Rulebook.Slots[i].ID)
		}
		s.Versions, s.Fairness = versions(active), append(s.Fairness, a.fairness.Watched(active.Rulebook)...)
		if one := scorer(active); one != nil {
			s.Age.Model = since(one.CreatedMs)
		}
	}
	if a.link != nil {
		l := a.link.State()
		s.Hub = localapi.HubStatus{Connected: l.Connected, EverReached: l.EverReached, LastError: l.LastError}
		if !l.Since.IsZero() {
			at := l.Since.UTC()
			s.Hub.StateSince = &at
		}
	}
	return s
}

func (a *Agent) logStatus() localapi.LogStatus {
	j := a.log.Stats()
	s := localapi.LogStatus{Records: j.Last, Bytes: j.Bytes, Dropped: a.losses.all()}
	if a.outbox != nil {
		s.Unconfirmed = j.Last - min(j.Last, a.outbox.Confirmed())
		if err := a.outbox.Stats().Err; err != nil {
			s.Upload = err.Error()
		}
	}
	if lost := a.decider.Stats().Lost; lost > s.Dropped["decision:full"] {
		s.Dropped["decision:full"] = lost // told of in the log once there is room
	}
	if j.Err != nil {
		s.Failure = j.Err.Error()
	}
	return s
}

// scorer is that of the first slot which has one.
func scorer(active *release.Active) *release.Scorer {
	for i := range active.Rulebook.Slots {
		if s := active.Slot(active.Rulebook.Slots[i].ID); s != nil && s.Scorer != nil {
			return s.Scorer
		}
	}
	return nil
}

func versions(active *release.Active) ranking.Versions {
	v := ranking.Versions{Release: active.ID, Rulebook: active.RulebookText}
	if s := scorer(active); s != nil {
		v.Module, v.Model = s.CodeText, s.ModelText
	}
	return v
}

// wireStatus is the status as the centre reads it.
func (a *Agent) wireStatus() *wire.Status {
	r, j, epoch := a.releases.Status(), a.log.Stats(), a.log.Epoch()
	s := &wire.Status{
		Agent: a.id.Agent, Site: a.id.Site, Release: r.Counter, ReleaseId: r.ID, Provisional: r.Provisional,
		CatalogueMs: a.catalogue.Changed(), HubContactMs: a.contact(), HubReached: a.link.State().EverReached,
		LogRecords: j.Last, LogBytes: uint64(j.Bytes), Unconfirmed: j.Last - min(j.Last, a.outbox.Confirmed()),
		Dropped: a.logStatus().Dropped, Decisions: a.decider.Stats().Decisions, Epoch: epoch[:], Sequence: j.Last, AtMs: a.store.Now(),
	}
	if r.Refused != nil {
		s.Refused = r.Refused.Error()
	}
	if active := a.releases.Active(); active != nil {
		s.Rulebook, s.Alarms = active.Rulebook.Digest[:], a.alarms(active)
		if one := scorer(active); one != nil {
			s.Module, s.Model, s.ModelMs = one.Code[:], one.Model[:], one.CreatedMs
		}
	}
	return s
}

// alarms are what needs a person here, in words.
func (a *Agent) alarms(active *release.Active) (all []string) {
	for _, w := range a.decider.Watch() {
		if w.Cause != "" {
			all = append(all, fmt.Sprintf("the choices of %s have collapsed: %s", w.Slot, w.Text))
		}
	}
	for _, w := range a.fairness.Watched(active.Rulebook) {
		for i := range w.Alarms {
			all = append(all, w.Text(&w.Alarms[i]))
		}
	}
	return all[:min(len(all), maxAlarms)]
}

// maxAlarms are told to the centre; whoever has more looks at the node.
const maxAlarms = 32
