package ranking

import (
	"math"
	"slices"

	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/explore"
)

// diversity is the memory of keeping a list from repeating itself.
type diversity struct {
	rows   []int32 // of candidates in the release's vectors; nil: there are none
	weight float64 // of likeness, in spreads of the means
	placed []int   // candidates that stand, in the order in which they were met
	met    []int32 // by candidate: how many of placed its likeness is of
	like   []float64
}

// varies gets ready to lower means by likeness.
func (s *scratch) varies(count int) bool {
	if s.slot.Diversity == nil || s.slot.Diversity.MMR == 1 || count < 2 || !s.ours() {
		return false
	}
	v, n := &s.diversity, s.of.Len()
	mmr := s.slot.Diversity.MMR
	v.weight, v.placed, v.rows = (1-mmr)/mmr, v.placed[:0], nil
	v.met, v.like = slices.Grow(v.met[:0], n)[:n], slices.Grow(v.like[:0], n)[:n]
	clear(v.met)
	clear(v.like)
	if s.active.Embeddings != nil {
		v.rows = s.embedded().At
	}
	return true
}

// adjustAt is an explore.Problem's: maximal marginal relevance (Carbonell and
// Goldstein, "The use of MMR", 1998) with the means in units of their spread among the
// best here, λ·mean/spread − (1−λ)·likeness, times spread/λ: so it stands for the same
// order in the means' own units, in which policies count. Where all means are equal
// the range of the slot's reward is the spread.
func (s *scratch) adjustAt(at explore.At, candidates []int, means []float64) {
	v := &s.diversity
	for _, i := range at.Slate {
		if i >= 0 && i < s.of.Len() && !slices.Contains(v.placed, i) {
			v.placed = append(v.placed, i)
		}
	}
	if len(v.placed) == 0 {
		return
	}
	low, high := math.Inf(1), math.Inf(-1)
	for k, i := range candidates {
		if i < s.of.Len() && !math.IsInf(means[k], -1) {
			low, high = min(low, means[k]), max(high, means[k])
		}
	}
	spread := high - low
	if spread == 0 {
		spread = s.slot.Reward.Range[1] - s.slot.Reward.Range[0]
	}
	weight := float64(v.weight * spread)
	for k, i := range candidates {
		if i < s.of.Len() {
			means[k] -= float64(weight * s.likeness(i))
		}
	}
}

// likeness is how like a candidate is to what stands that it is most like, in [0, 1].
func (s *scratch) likeness(i int) float64 {
	v := &s.diversity
	for _, other := range v.placed[v.met[i]:] {
		v.like[i] = max(v.like[i], s.alike(i, other))
	}
	v.met[i] = int32(len(v.placed))
	return v.like[i]
}

// alike is the cosine of two candidates' vectors, not below 0; or, where one has none,
// a half for the same category and a half for the same brand.
func (s *scratch) alike(i, j int) float64 {
	if rows := s.diversity.rows; rows != nil && rows[i] != embedding.Nowhere && rows[j] != embedding.Nowhere {
		t := s.active.Embeddings
		return max(0, embedding.Similarity(embedding.Product(t.Vector(int(rows[i])), t.Vector(int(rows[j])))))
	}
	a, b, view, sum := s.of.Places[i], s.of.Places[j], s.of.View, 0.0
	if a == rules.Nowhere || b == rules.Nowhere {
		return 0
	}
	if c := view.Category.IDs[a]; c != 0 && c == view.Category.IDs[b] {
		sum += 0.5
	}
	if c := view.Brand.IDs[a]; c != 0 && c == view.Brand.IDs[b] {
		sum += 0.5
	}
	return sum
}
