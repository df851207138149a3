// Package lightgbm reads the models that LightGBM writes: the text format of its
// versions v2, v3 and v4, and the JSON of its dump.
//
// Trees come as the file gives them: shrinkage, DART's weights and the average
// from which boosting started are in the leaves. Of a random forest the sum is
// divided by the number of rounds; forests of version v2 whose leaves are
// predictions already, as LightGBM before 2.2.3 made them, have no link. What
// training asked for, monotone constraints for instance, is not looked at.
//
// Not supported, and named in the error: linear trees, files without a version
// (before 2.1), objectives whose predictions are no function of the margins.
package lightgbm

import (
	"bytes"
	"io"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Read reads a model in any of the formats. Its errors are modelfile.ErrFormat
// and modelfile.ErrUnsupported, and those of r.
func Read(r io.Reader, o modelfile.Options) (*modelfile.Model, error) {
	b, err := modelfile.ReadFile(r)
	if err != nil {
		return nil, err
	}
	if start := bytes.TrimLeft(b, " \t\r\n"); len(start) > 0 && start[0] == '{' {
		return readJSON(b, o)
	}
	return readText(b, o)
}

// header is what a file says before its trees.
type header struct {
	version   string
	classes   int
	perRound  int // trees, a head each
	features  []string
	objective string
	average   bool
}

func (h *header) check() error {
	switch h.version {
	case "v2", "v3", "v4":
	case "":
		return modelfile.Unsupportedf("a LightGBM model without a version, as before 2.1; supported are v2, v3 and v4")
	default:
		return modelfile.Unsupportedf("version %.20q of LightGBM's models; supported are v2, v3 and v4", h.version)
	}
	if h.classes < 1 || h.perRound < 1 {
		return modelfile.Formatf("%d classes, %d trees a round", h.classes, h.perRound)
	}
	return nil
}

// model puts header and trees, in the order of the file, together.
func (h *header) model(trees []scoring.Tree, o modelfile.Options) (*modelfile.Model, error) {
	m := &modelfile.Model{Objective: h.objective, Features: h.features}
	m.Rows.Down, m.Rows.Zero, m.Rows.Width = true, true, len(h.features)
	if len(trees)%h.perRound != 0 {
		return nil, modelfile.Formatf("%d trees, but %d a round", len(trees), h.perRound)
	}
	rounds, err := o.Rounds(len(trees) / h.perRound)
	if err != nil {
		return nil, err
	}
	trees = trees[:rounds*h.perRound]
	t := &scoring.Trees{Trees: trees, Divisor: 1, Base: make([]float64, min(h.perRound, scoring.MaxTrees))}
	t.Frame.Heads = h.perRound
	for i := range trees {
		trees[i].Head = i % h.perRound
	}
	if h.average && len(trees) > 0 {
		t.Divisor = float64(len(trees) / h.perRound)
	}
	if m.Objective == "" {
		m.Objective = o.Objective
	}
	if m.Link, err = link(m.Objective, h.perRound); err != nil {
		return nil, err
	}
	if h.average && h.version == "v2" && predicted(m.Link, trees) {
		m.Link = scoring.Link{}
	}
	return m, m.Finish(t)
}

// predicted tells whether all leaves lie where a link's predictions do.
func predicted(l scoring.Link, trees []scoring.Tree) bool {
	top := 1.0
	switch l.Kind {
	case scoring.LinkExp, scoring.LinkLog1pExp:
		top = 1e300
	case scoring.LinkLogistic, scoring.LinkSoftmax:
	default:
		return true
	}
	for i := range trees {
		for _, v := range trees[i].Leaves {
			if v < 0 || v > top {
				return false
			}
		}
	}
	return true
}
