package xgboost

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Sizes of the binary format's structures.
const (
	learnerSize     = 136
	gbtreeSize      = 160
	gblinearSize    = 136
	treeParamSize   = 148
	nodeSize        = 20
	statSize        = 16
	longestName     = 256
	maxFeatureIndex = 1<<31 - 1
)

// stream reads little-endian words until there are too few.
type stream struct {
	b   []byte
	cut bool
}

func (s *stream) take(n int) []byte {
	if s.cut || n < 0 || n > len(s.b) {
		s.cut = true
		return make([]byte, min(max(n, 0), gbtreeSize))
	}
	b := s.b[:n]
	s.b = s.b[n:]
	return b
}

func word(b []byte, i int) int { return int(int32(binary.LittleEndian.Uint32(b[4*i:]))) }

func float(b []byte, i int) float64 {
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
}

// count reads how many things of a size follow.
func (s *stream) count(size int) int {
	n := binary.LittleEndian.Uint64(s.take(8))
	if n > uint64(len(s.b)/size) {
		s.cut = true
		return 0
	}
	return int(n)
}

func (s *stream) text() string {
	n := s.count(1)
	if n > longestName {
		s.cut = true
		return ""
	}
	return string(s.take(n))
}

func (s *stream) floats() []float64 {
	n := s.count(4)
	b := s.take(4 * n)
	if s.cut {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = float(b, i)
	}
	return out
}

func readBinary(b []byte) (*learner, error) {
	if bytes.HasPrefix(b, []byte("bs64")) {
		return nil, modelfile.Unsupportedf("a base64 model of XGBoost; save it as JSON or UBJSON")
	}
	s := &stream{b: b}
	if rest, ok := bytes.CutPrefix(b, []byte("CONFIG-offset:")); ok { // a pickled booster
		s.b = rest
		s.take(8)
	}
	s.b = bytes.TrimPrefix(s.b, []byte("binf"))
	p := s.take(learnerSize)
	l := &learner{
		base: []float64{float(p, 0)}, features: word(p, 1), heads: max(1, word(p, 2), word(p, 7)),
		margin: word(p, 5) < 1, objective: s.text(),
	}
	booster := s.text()
	switch {
	case s.cut:
		return nil, modelfile.Formatf("not a binary model of XGBoost, or cut off in its header")
	case booster == "gblinear":
		l.linear = true
		s.take(gblinearSize)
		l.weights = s.floats()
	case booster == "gbtree" || booster == "dart":
		if err := l.binaryTrees(s); err != nil {
			return nil, err
		}
		if booster == "dart" {
			l.drop = s.floats()
		}
	default:
		return nil, modelfile.Unsupportedf("booster %.20q; supported are gbtree, dart and gblinear", booster)
	}
	if s.cut {
		return nil, modelfile.Formatf("cut off")
	}
	return l, nil
}

func (l *learner) binaryTrees(s *stream) error {
	p := s.take(gbtreeSize)
	n := word(p, 0)
	l.perRound = l.heads * max(1, word(p, 1))
	if n < 0 || n > scoring.MaxTrees {
		return modelfile.Formatf("%d trees; at most %d are supported", n, scoring.MaxTrees)
	}
	for i := range n {
		t, err := binaryTree(s)
		if err != nil {
			return modelfile.Wrap(err, "tree %d", i)
		}
		l.trees = append(l.trees, t)
	}
	info := s.take(4 * n)
	if s.cut {
		return modelfile.Formatf("cut off after %d trees", n)
	}
	for i := range n {
		l.groups = append(l.groups, word(info, i))
	}
	return nil
}

func binaryTree(s *stream) (tree, error) {
	p := s.take(treeParamSize)
	n := word(p, 1)
	if roots, vector := word(p, 0), word(p, 5); roots > 1 || vector > 1 {
		return tree{}, modelfile.Unsupportedf("trees with %d roots and leaves of %d numbers; supported is one", roots, vector)
	}
	if s.cut || n < 1 || n > len(s.b)/(nodeSize+statSize) {
		return tree{}, modelfile.Formatf("cut off, or %d nodes", n)
	}
	t := tree{
		left: make([]int, n), right: make([]int, n), index: make([]int, n),
		condition: make([]float64, n), defaultLeft: make([]bool, n), hessian: make([]float64, n),
	}
	nodes, stats := s.take(n*nodeSize), s.take(n*statSize)
	for i := range n {
		b := nodes[i*nodeSize:]
		t.left[i], t.right[i] = word(b, 1), word(b, 2)
		index := binary.LittleEndian.Uint32(b[12:])
		t.index[i], t.defaultLeft[i] = int(index&maxFeatureIndex), index > maxFeatureIndex
		t.condition[i], t.hessian[i] = float(b, 4), float(stats[i*statSize:], 1)
	}
	if word(p, 5) != 0 {
		s.floats() // the leaves once more
	}
	return t, nil
}
