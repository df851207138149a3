package release

import (
	"fmt"
	"math"
	"strings"

	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// farthest is how many spans of the reward a single weight may be worth. A
// weight begins within a seventh of a span; one this far off was not learned
// from rewards within their range, whatever else went wrong.
const farthest = 20

// Names among a release's artifacts, and as much of the rankings as nodes read.
const (
	modelPrefix = "model/"
	ownPrefix   = "own/"
	rankings    = modelPrefix + "rankings.json"
	goods       = modelPrefix + "together.bin"
	embeddings  = modelPrefix + "embeddings" // bounded by its format
	maxRankings = 4 << 20
)

// fits refuses artifacts that are larger than nodes should have to take.
func fits(r *registry.Release, maxModel int64) error {
	for name, b := range r.Artifacts {
		switch {
		case name == rankings && len(b) > maxRankings:
			return fmt.Errorf("%w: %s has %d bytes, %d are allowed; randomise fewer items", ErrPreflight, name, len(b), maxRankings)
		case name != rankings && name != embeddings && strings.HasPrefix(name, modelPrefix) && int64(len(b)) > maxModel:
			return fmt.Errorf("%w: %s has %d bytes, %d are allowed; lower `bits` in features.yaml or raise releases.max_model", ErrPreflight, name, len(b), maxModel)
		case strings.HasPrefix(name, ownPrefix) && int64(len(b)) > maxModel:
			return fmt.Errorf("%w: %s has %d bytes, %d are allowed; make a smaller model or raise releases.max_model", ErrPreflight, name, len(b), maxModel)
		}
	}
	return nil
}

// sane refuses models that no rewards of the slots they serve could have made.
func sane(f *registry.Folder, models map[string]*scoring.Linear) error {
	for _, name := range f.Models() {
		model := models[name]
		if model == nil {
			continue // it is released knowing nothing
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, s := range f.Rulebook.Slots {
			if s.Model == name {
				low, high = min(low, s.Reward.Range[0]), max(high, s.Reward.Range[1])
			}
		}
		limit := farthest*(high-low) + max(math.Abs(low), math.Abs(high))
		for h, head := range model.Heads {
			for entry, mean := range head.Mean {
				if m := math.Abs(float64(mean)); !(m <= limit) {
					return fmt.Errorf("%w: weight %d of head %d of model %s is %v, at most %v can be learned from rewards of %v to %v",
						ErrPreflight, entry, h, name, mean, limit, low, high)
				}
			}
		}
	}
	return nil
}
