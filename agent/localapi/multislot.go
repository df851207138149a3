package localapi

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// maxSlots is how many slots one event may have, as Personalizer's had.
const maxSlots = 50

// multiRankRequest is the body of POST multislot/rank.
type multiRankRequest struct {
	rankRequest
	Slots []slotRequest `json:"slots"`
}

// slotRequest is one place of several that share their actions.
type slotRequest struct {
	ID              string            `json:"id"`
	Features        []json.RawMessage `json:"features,omitempty"`
	ExcludedActions []string          `json:"excludedActions,omitempty"`
	BaselineAction  string            `json:"baselineAction"`
}

// multiRankResponse is its answer. A slot for which the slots before it, or the
// rules, left no action has an empty one.
type multiRankResponse struct {
	Slots   []slotResponse `json:"slots"`
	EventID string         `json:"eventId"`
}

type slotResponse struct {
	ID             string `json:"id"`
	RewardActionID string `json:"rewardActionId"`
}

// multiRewardRequest is the body of POST multislot/events/{id}/reward.
type multiRewardRequest struct {
	Reward []slotReward `json:"reward"`
}

type slotReward struct {
	SlotID string   `json:"slotId"`
	Value  *float64 `json:"value"`
}

// multiRank answers POST multislot/rank: a decision for each slot in turn, each by
// itself in the log under the event's id and the slot's, so that its probability is
// the one given what stands before it.
func (a *API) multiRank(w http.ResponseWriter, r *http.Request) error {
	var in multiRankRequest
	if err := readLoosely(r, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	in.EventID = cmp.Or(in.EventID, rand.Text())
	shared, err := in.request(a.opt.Personalizer.Slot)
	if err != nil {
		return err
	}
	if d := a.bounds(shared); d != nil {
		return d
	}
	shared.Consent.GPC = r.Header.Get(gpcHeader) == "1"
	out := multiRankResponse{EventID: in.EventID}
	var shown []string
	for place := range in.Slots {
		request, err := in.part(shared, place, shown)
		if err != nil {
			return err
		}
		answer, err := a.Decider.Decide(r.Context(), request)
		if err != nil {
			return err
		}
		a.metrics.decided(answer)
		one := slotResponse{ID: in.Slots[place].ID}
		if len(answer.Items) > 0 {
			one.RewardActionID = answer.Items[0].ID
			shown = append(shown, one.RewardActionID)
		}
		out.Slots = append(out.Slots, one)
	}
	writeJSON(w, http.StatusCreated, out)
	return nil
}

// check refuses before anything is decided what no slot could be decided with.
func (in *multiRankRequest) check() error {
	if len(in.Slots) == 0 || len(in.Slots) > maxSlots {
		return refuse(invalid, fmt.Sprintf("send 1 to %d slots", maxSlots))
	}
	if len(in.Actions) < len(in.Slots) {
		return refuse(invalid, "send at least as many actions as slots")
	}
	for i, s := range in.Slots {
		fault := func(problem string) error {
			return refuse(invalid, "one of the slots can't be filled", Fault{Path: fmt.Sprintf("slots[%d]", i), Problem: problem})
		}
		switch {
		case s.ID == "" || len(in.EventID)+1+len(s.ID) > ranking.MaxEventID:
			return fault("its id must be given, and be shorter than 256 bytes together with eventId")
		case slices.ContainsFunc(in.Slots[:i], func(other slotRequest) bool { return other.ID == s.ID }):
			return fault("its id is given twice")
		case !slices.ContainsFunc(in.Actions, func(one rankableAction) bool { return one.ID == s.BaselineAction }):
			return fault("its baselineAction must be one of the actions")
		case slices.Contains(s.ExcludedActions, s.BaselineAction):
			return fault("its baselineAction is excluded from it")
		}
	}
	return nil
}

// part is the request of one slot: its baseline comes first, its features are
// context under slot, and what stands in the slots before it is excluded.
func (in *multiRankRequest) part(shared *ranking.Request, place int, shown []string) (*ranking.Request, error) {
	s, out := &in.Slots[place], *shared
	values, err := flatten(s.Features)
	if err != nil {
		return nil, err
	}
	out.Context = append(slices.Clip(out.Context), features.Value{Name: "slot.id", Kind: features.Text, Text: s.ID})
	for _, v := range values {
		v.Name = joined("slot", v.Name)
		out.Context = append(out.Context, v)
	}
	first := slices.IndexFunc(out.Actions, func(one ranking.Action) bool { return one.ID == s.BaselineAction })
	baseline := out.Actions[first]
	out.Actions = slices.Insert(slices.Delete(slices.Clone(out.Actions), first, first+1), 0, baseline)
	out.ExcludedActions = slices.Concat(in.ExcludedActions, s.ExcludedActions, shown)
	out.EventID = attribution.PartID(in.EventID, s.ID)
	out.Group = &ranking.Group{EventID: in.EventID, Part: s.ID}
	if place == 0 {
		for _, one := range in.Slots {
			out.Group.Parts = append(out.Group.Parts, one.ID)
		}
	}
	return &out, nil
}

// multiReward answers POST multislot/events/{id}/reward.
func (a *API) multiReward(w http.ResponseWriter, r *http.Request) error {
	var in multiRewardRequest
	if err := readLoosely(r, &in); err != nil {
		return err
	}
	if len(in.Reward) == 0 || len(in.Reward) > maxSlots {
		return refuse(invalid, fmt.Sprintf("send the rewards of 1 to %d slots", maxSlots))
	}
	event, request := r.PathValue("id"), requestID(r)
	if err := a.checkParts(event, in.Reward); err != nil {
		return err
	}
	var rewards []attribution.Outcome
	for _, one := range in.Reward {
		rewards = append(rewards, a.rewardOf(attribution.PartID(event, one.SlotID), request, *one.Value))
	}
	return a.tellRewards(w, r, rewards)
}

// checkParts refuses rewards before any is told: values out of range, and slots
// that the event is known not to have.
func (a *API) checkParts(event string, rewards []slotReward) error {
	var parts []string
	if _, rec, _, err := a.Events.Find(event); err == nil {
		parts = rec.Group.GetParts()
	}
	for i, one := range rewards {
		path := fmt.Sprintf("reward[%d]", i)
		switch {
		case !rewardable(one.Value):
			return refuse(invalid, "nothing was recorded", Fault{Path: path + ".value", Problem: "must be a number from -1 to 1"})
		case one.SlotID == "" || parts != nil && !slices.Contains(parts, one.SlotID):
			return refuse(invalid, "nothing was recorded", Fault{Path: path + ".slotId", Problem: "must be one of the event's slots"})
		case slices.ContainsFunc(rewards[:i], func(other slotReward) bool { return other.SlotID == one.SlotID }):
			return refuse(invalid, "nothing was recorded", Fault{Path: path + ".slotId", Problem: "is given twice"})
		}
	}
	return nil
}
