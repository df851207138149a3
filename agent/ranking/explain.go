package ranking

import (
	"errors"
	"math"

	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/sync/wire"
)

// maxReasons is how many features of a score are told.
const maxReasons = 5

// explain adds the reasons of each shown item, if what scored it is still loaded.
// What the record leaves out of the person is part, or what the node keeps of it. What
// a module says of itself is told of the score that was given only: one that can't
// be computed again has no reasons.
func (d *Decider) explain(a *Answer, rec *wire.Decision, part []byte, r *Request) {
	t := d.teller(rec.Slot, r.languages())
	a.Language = t.words.Language
	t.tell(a, rec)
	scorer := d.scorer(rec)
	rows, ok := parseRows(rec)
	if scorer == nil || rec.Baseline || !ok {
		for i := range a.Items {
			a.Items[i].Reasons = append(a.Items[i].Reasons, Reason{Feature: "order", Text: t.words.Order})
		}
		return
	}
	if !rows.fit(scorer.Shape) {
		return
	}
	if d.restore(&rows, rec, part) != nil {
		return
	}
	rows.n = len(a.Items) // which come first
	if err := d.ask(a, scorer, &rows, rec, t); err != nil && !errors.Is(err, host.ErrNoExplain) && !errors.Is(err, host.ErrClosed) {
		scorer.Scored(err) // a module that fails here is as harmful as one that can't score
	}
}

// ask asks the module what the scores of rows consist of.
func (d *Decider) ask(a *Answer, scorer *release.Scorer, rows *rows, rec *wire.Decision, t *teller) error {
	in, err := scorer.Module.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	f, err := in.Frame(scorer.Shape, rows.n)
	if err != nil {
		return err
	}
	rows.write(f)
	if err := in.Score(); err != nil {
		return err
	}
	given, err := predictions(nil, scorer.Link, f)
	if err != nil {
		return err
	}
	means, _, _ := predicted(rec)
	for i := range a.Items {
		if i >= len(means) || !math.IsInf(means[i], -1) && math.Float64bits(means[i]) != math.Float64bits(given[i]) {
			continue
		}
		contributions, err := in.Explain(i, 0, len(scorer.Terms))
		if err != nil {
			return err
		}
		a.Items[i].Reasons = append(a.Items[i].Reasons, t.reasons(scorer.Terms, contributions)...)
	}
	return nil
}

// scorer is the one that scored a decision, if it is still loaded.
func (d *Decider) scorer(rec *wire.Decision) *release.Scorer {
	active := d.opt.Releases.Active()
	if active == nil || len(rec.Versions.GetModel()) == 0 {
		return nil
	}
	return active.Scorer(rec.Versions.Model)
}

// reasons are the largest of what columns and crosses add, the bias left out: it
// is the same for all.
func (t *teller) reasons(names []string, contributions []float64) []Reason {
	var top [maxReasons]int // places, the largest first; of equals the first
	n := 0
	for i := 1; i < len(contributions); i++ {
		if contributions[i] == 0 {
			continue
		}
		k := n
		for ; k > 0 && math.Abs(contributions[top[k-1]]) < math.Abs(contributions[i]); k-- {
			if k < maxReasons {
				top[k] = top[k-1]
			}
		}
		if k < maxReasons {
			top[k] = i
			n = min(n+1, maxReasons)
		}
	}
	all := make([]Reason, n)
	for k, i := range top[:n] {
		all[k] = Reason{Feature: names[i], Contribution: contributions[i], Text: t.text(names[i], contributions[i] > 0)}
	}
	return all
}

// rows are the features of a record.
type rows struct {
	context  []float32
	contexts []uint32
	dense    []float32
	hashed   []uint32
	n        int
}

func parseRows(rec *wire.Decision) (r rows, ok bool) {
	f := rec.Features
	if f == nil {
		return r, false
	}
	var errs [4]error
	r.context, errs[0] = wire.View[float32](f.ContextDense)
	r.contexts, errs[1] = wire.View[uint32](f.ContextCategorical)
	r.dense, errs[2] = wire.View[float32](f.Dense)
	r.hashed, errs[3] = wire.View[uint32](f.Categorical)
	r.n = len(rec.Items)
	return r, errs == [4]error{}
}

// fit tells whether the features are of a shape.
func (r *rows) fit(s abi.Shape) bool {
	return len(r.context) == s.ContextDense && len(r.contexts) == s.ContextCategorical &&
		len(r.dense) == r.n*s.Dense && len(r.hashed) == r.n*s.Categorical
}
