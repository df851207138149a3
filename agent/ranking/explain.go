package ranking

import (
	"cmp"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// maxReasons is how many features of a score are told.
const maxReasons = 5

// explain adds the reasons of each shown item, if what scored it is still loaded.
// The context is dense and hashed, or what the record has of it.
func (d *Decider) explain(a *Answer, rec *wire.Decision, dense []float32, hashed []uint32) {
	scorer := d.scorer(rec)
	rows, ok := parseRows(rec)
	if scorer == nil || rec.Baseline || !ok {
		for i := range a.Items {
			a.Items[i].Reasons = []Reason{{Feature: "order", Text: "stands here by the order of the slot: no model scored it"}}
		}
		return
	}
	linear, err := scorer.Linear()
	if err != nil || !rows.fit(linear.Shape) {
		return
	}
	if dense != nil || hashed != nil {
		rows.context, rows.contexts = dense, hashed
	}
	names := names(scorer)
	for i := range a.Items {
		a.Items[i].Reasons = reasons(names, linear.Contributions(0, rows.row(linear.Shape, i)))
	}
}

// scorer is the one that scored a decision, if it is still loaded.
func (d *Decider) scorer(rec *wire.Decision) *release.Scorer {
	active := d.opt.Releases.Active()
	if active == nil || len(rec.Versions.GetModel()) == 0 {
		return nil
	}
	return active.Scorer(rec.Versions.Model)
}

// names are those of a score's summands: the bias, the columns, the crosses.
func names(s *release.Scorer) []string {
	all := []string{""}
	var hashed []string
	for _, c := range s.Columns {
		all = append(all, c.Name)
		if c.Kind == "hashed" {
			hashed = append(hashed, c.Name)
		}
	}
	for _, x := range s.Shape.Crosses {
		all = append(all, hashed[x.A]+" × "+hashed[x.B])
	}
	return all
}

// reasons are the largest of what columns and crosses add, the bias left out: it
// is the same for all.
func reasons(names []string, contributions []float64) []Reason {
	var all []Reason
	for i, c := range contributions[1:] {
		if c == 0 {
			continue
		}
		text := " speaks for it"
		if c < 0 {
			text = " speaks against it"
		}
		all = append(all, Reason{Feature: names[1+i], Contribution: c, Text: names[1+i] + text})
	}
	slices.SortStableFunc(all, func(a, b Reason) int {
		return cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution))
	})
	return all[:min(len(all), maxReasons)]
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
func (r *rows) fit(s scoring.Shape) bool {
	return len(r.context) == s.Frame.ContextDense && len(r.contexts) == s.Frame.ContextCategorical &&
		len(r.dense) == r.n*s.Frame.Dense && len(r.hashed) == r.n*s.Frame.Categorical
}

func (r *rows) row(s scoring.Shape, i int) scoring.Row {
	d, c := s.Frame.Dense, s.Frame.Categorical
	return scoring.Row{
		ContextDense: r.context, ContextCategorical: r.contexts,
		Dense: r.dense[i*d : (i+1)*d], Categorical: r.hashed[i*c : (i+1)*c],
	}
}
