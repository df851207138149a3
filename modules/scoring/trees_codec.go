package scoring

import (
	"encoding/binary"
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
)

const (
	treesMagic      = "ATM\x00"
	treesHeaderSize = 64
	treeSize        = 16
	nodeSize        = 20
)

// Bits of a node's flags above its test.
const (
	flagMissingLeft = 1 << 8
	flagZeroMissing = 1 << 9
)

// Encode is the model's bytes, or the error of Validate.
func (t *Trees) Encode() ([]byte, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	b := make([]byte, treesHeaderSize)
	copy(b, treesMagic)
	for i, w := range t.Frame.Words() {
		le.PutUint32(b[8+4*i:], w)
	}
	for i, n := range t.counts() {
		le.PutUint32(b[32+4*i:], uint32(n))
	}
	if t.Narrow {
		b[48] = 1
	}
	le.PutUint64(b[56:], math.Float64bits(t.Divisor))
	b = appendFloats(b, t.Base)
	for i := range t.Trees {
		b = t.Trees[i].append(b)
	}
	le.PutUint32(b[4:], uint32(len(b)))
	return b, nil
}

// counts are the trees, and the nodes, leaves and words of sets of all trees.
func (t *Trees) counts() (n [4]int) {
	n[0] = len(t.Trees)
	for i := range t.Trees {
		n[1] += len(t.Trees[i].Nodes)
		n[2] += len(t.Trees[i].Leaves)
		for j := range t.Trees[i].Nodes {
			n[3] += len(t.Trees[i].Nodes[j].Set)
		}
	}
	return n
}

func (t *Tree) append(b []byte) []byte {
	le := binary.LittleEndian
	words := 0
	for i := range t.Nodes {
		words += len(t.Nodes[i].Set)
	}
	for _, n := range [...]int{t.Head, len(t.Nodes), words, 0} {
		b = le.AppendUint32(b, uint32(n))
	}
	for i := range t.Nodes {
		b = t.Nodes[i].append(b)
	}
	for i := range t.Nodes {
		for _, w := range t.Nodes[i].Set {
			b = le.AppendUint32(b, w)
		}
	}
	return appendFloats(appendFloats(b, t.Leaves), t.Expect)
}

func (n *Node) append(b []byte) []byte {
	flags, value := uint32(n.Test), math.Float32bits(n.Threshold)
	if n.MissingLeft {
		flags |= flagMissingLeft
	}
	if n.ZeroMissing {
		flags |= flagZeroMissing
	}
	if n.Test == Among {
		value = uint32(len(n.Set))
	}
	for _, w := range [...]uint32{uint32(n.Column), flags, value, uint32(n.Left), uint32(n.Right)} {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func appendFloats(b []byte, values []float64) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// DecodeTrees reads the bytes of an ensemble, or returns ErrModel. What it
// allocates is bounded by five times the length of b.
func DecodeTrees(b []byte) (*Trees, error) {
	r := reader{b: b}
	head := r.take(treesHeaderSize)
	if head == nil || string(head[:4]) != treesMagic || int(binary.LittleEndian.Uint32(head[4:])) != len(b) {
		return nil, ErrModel
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint32(head[at:])) }
	t := &Trees{
		Frame:   abi.Shape{ContextDense: word(8), ContextCategorical: word(12), Dense: word(16), Categorical: word(20), Heads: word(24)},
		Divisor: math.Float64frombits(binary.LittleEndian.Uint64(head[56:])),
		Narrow:  word(48) == 1,
	}
	if word(28) != 0 || word(48) > 1 || word(52) != 0 || t.Frame.Validate() != nil || !r.holds(word(32), treeSize) {
		return nil, ErrModel
	}
	t.Base = r.floats(t.Frame.Heads)
	t.Trees = make([]Tree, word(32))
	for i := range t.Trees {
		t.Trees[i] = r.tree()
	}
	counts := t.counts()
	for i, n := range counts {
		r.bad = r.bad || n != word(32+4*i)
	}
	if r.bad || len(r.b) != 0 || t.Validate() != nil {
		return nil, ErrModel
	}
	return t, nil
}

// reader takes from bytes until there are too few: then it is bad, and gives
// nothing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) holds(n, size int) bool { return n >= 0 && n <= len(r.b)/size }

func (r *reader) take(n int) []byte {
	if r.bad || !r.holds(n, 1) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) word() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) floats(n int) []float64 {
	if r.bad || !r.holds(n, 8) {
		r.bad = true
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
	}
	return out
}

func (r *reader) words(n int) []uint32 {
	if r.bad || !r.holds(n, 4) {
		r.bad = true
		return nil
	}
	out := make([]uint32, n)
	for i := range out {
		out[i] = r.word()
	}
	return out
}

func (r *reader) tree() Tree {
	t := Tree{Head: int(r.word())}
	nodes, words := int(r.word()), int(r.word())
	if r.word() != 0 || r.bad || !r.holds(nodes, nodeSize) {
		r.bad = true
		return Tree{}
	}
	t.Nodes = make([]Node, nodes)
	sizes := make([]int, nodes)
	for i := range t.Nodes {
		t.Nodes[i], sizes[i] = r.node()
	}
	sets := r.words(words)
	for i, size := range sizes {
		if size > len(sets) {
			r.bad = true
			return Tree{}
		}
		if t.Nodes[i].Test == Among {
			t.Nodes[i].Set, sets = sets[:size:size], sets[size:]
		}
	}
	r.bad = r.bad || len(sets) != 0
	t.Leaves = r.floats(nodes + 1)
	t.Expect = r.floats(nodes)
	return t
}

// node reads a node, and how many words its set has.
func (r *reader) node() (n Node, size int) {
	n.Column = int(r.word())
	flags, value := r.word(), r.word()
	n.Test, n.MissingLeft, n.ZeroMissing = Test(flags), flags&flagMissingLeft != 0, flags&flagZeroMissing != 0
	n.Left, n.Right = int(int32(r.word())), int(int32(r.word()))
	if n.Test == Among {
		size = int(value)
	} else {
		n.Threshold = math.Float32frombits(value)
	}
	r.bad = r.bad || flags>>10 != 0 || size > MaxSet
	return n, size
}
