package ranking

import (
	"errors"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Replayed says whether a decision comes out the same again from its record.
type Replayed struct {
	EventID    string `json:"eventId"`
	DecisionID string `json:"decisionId"`
	Agrees     bool   `json:"agrees"`               // all that was checked did
	Scored     bool   `json:"scored"`               // a model scored, so its bits were compared
	Module     bool   `json:"module"`               // the module gave the recorded bits for every recorded row
	Reference  bool   `json:"reference"`            // and so did the model in plain Go, if there is such a model
	OnlyModule bool   `json:"onlyModule,omitempty"` // there is none: the module alone is the model
	Draw       bool   `json:"draw"`                 // the seed drew the same items with the same probabilities
	Rows       int    `json:"rows"`
	Why        string `json:"why,omitempty"` // what did not agree
}

// Replay scores a decision again, in the module and in plain Go, and draws it
// again. It needs the release that decided.
func (d *Decider) Replay(eventID string) (*Replayed, error) {
	_, rec, _, err := d.opt.Events.Find(eventID)
	if err != nil {
		return nil, unfound(err)
	}
	r := &Replayed{EventID: rec.EventId, DecisionID: idText([16]byte(rec.Id)), Rows: len(rec.Items), Scored: !rec.Baseline}
	active := d.opt.Releases.Active()
	if active == nil || !slices.Equal(rec.Versions.GetRulebook(), active.Rulebook.Digest[:]) {
		return nil, modelGone()
	}
	if r.Scored {
		if err := d.rescore(r, rec); err != nil {
			return nil, err
		}
	}
	r.Draw = redraw(rec, active.Rulebook.Salt[:])
	r.Agrees = r.Draw && (!r.Scored || r.Module && (r.Reference || r.OnlyModule))
	r.Why = r.why()
	return r, nil
}

func (r *Replayed) why() string {
	switch {
	case r.Scored && !r.Module:
		return "the module gives other scores"
	case r.Scored && !r.Reference && !r.OnlyModule:
		return "the model in plain Go gives other scores"
	case !r.Draw:
		return "the seed draws another slate"
	}
	return ""
}

func modelGone() error {
	return refuse(ModelGone, nil, "the release that decided this is not loaded any more; the centre can replay it")
}

// rescore compares the bits of scores.
func (d *Decider) rescore(r *Replayed, rec *wire.Decision) error {
	scorer := d.scorer(rec)
	rows, ok := parseRows(rec)
	if scorer == nil || !ok || !rows.fit(scorer.Shape) {
		return modelGone()
	}
	if err := d.restore(&rows, rec, nil); err != nil {
		return err
	}
	model, err := scorer.Reference()
	if err != nil {
		return refuse(ModelGone, err, "the model can't be read")
	}
	if r.OnlyModule = model == nil; !r.OnlyModule {
		f, err := abi.New(scorer.Shape, rows.n)
		if err != nil {
			return refuse(ModelGone, err, "the record is of another shape")
		}
		rows.write(&f)
		if err := model.Score(&f); err != nil {
			return refuse(ModelGone, err, "the model can't score the record")
		}
		r.Reference = same(rec, &f, scorer.Link)
	}
	r.Module, err = inModule(scorer, &rows, rec)
	return err
}

// restore puts back what the log may not hold of the person: part, or what was
// kept of it.
func (d *Decider) restore(r *rows, rec *wire.Decision, part []byte) error {
	if len(rec.Context) == 0 {
		return nil
	}
	gone := func(err error) error {
		return refuse(ReplayGone, err, "what this decision knew of the person was kept for 72 hours, or they were forgotten since; it can't be replayed")
	}
	if part == nil && d.opt.Replay == nil {
		return gone(nil)
	}
	if part == nil {
		var err error
		part, err = d.opt.Replay.Fetch([16]byte(rec.Id), d.opt.Store.Now())
		if errors.Is(err, profile.ErrGone) {
			return gone(err)
		} else if err != nil {
			return refuse(LogFailed, err, "what is kept for replays can't be read; look at the node's disk")
		}
	}
	slot := d.opt.Releases.Active().Slot(rec.Slot)
	r.context, r.contexts, r.dense = slices.Clone(r.context), slices.Clone(r.contexts), slices.Clone(r.dense)
	if slot == nil || slot.Plan == nil || !slot.Plan.Restore(part, r.context, r.contexts, r.dense) {
		return modelGone()
	}
	return nil
}

func (r *rows) write(f *abi.Frame) {
	copy(f.ContextDense(), r.context)
	copy(f.ContextCategorical(), r.contexts)
	s := f.Shape()
	for i := range r.n {
		for c := range s.Dense {
			f.Dense(i/abi.BlockRows, c)[i%abi.BlockRows] = r.dense[i*s.Dense+c]
		}
		for c := range s.Categorical {
			f.Categorical(i/abi.BlockRows, c)[i%abi.BlockRows] = r.hashed[i*s.Categorical+c]
		}
	}
}

func inModule(scorer *release.Scorer, r *rows, rec *wire.Decision) (bool, error) {
	in, err := scorer.Module.Borrow()
	if errors.Is(err, host.ErrBusy) {
		return false, refuse(Contended, err, "all instances of the model are in use; ask again")
	} else if err != nil {
		return false, modelGone()
	}
	defer in.Return()
	f, err := in.Frame(scorer.Shape, r.n)
	if err == nil {
		r.write(f)
		err = in.Score()
	}
	if err != nil {
		return false, refuse(ModelGone, err, "the module can't score the record")
	}
	return same(rec, f, scorer.Link), nil
}

// same compares the bits of a frame's predictions with those recorded. A candidate
// that was not scored, and none, have no score to compare.
func same(rec *wire.Decision, f *abi.Frame, link scoring.Link) bool {
	means, weights, ok := predicted(rec)
	variances, err2 := wire.View[float64](rec.Variance)
	again, err3 := predictions(nil, link, f)
	if !ok || err2 != nil || err3 != nil || len(means) != f.Rows() {
		return false
	}
	for i, m := range means {
		if math.IsInf(m, -1) || rec.Items[i] == "" {
			continue
		}
		if math.Float64bits(m) != math.Float64bits(again[i]) {
			return false
		}
		v := f.Variance(0)
		if v == nil {
			continue
		}
		of := v[i]
		if weights != nil {
			of = spread(of, weights[i])
		}
		if len(variances) != len(means) || math.Float64bits(variances[i]) != math.Float64bits(of) {
			return false
		}
	}
	return true
}
