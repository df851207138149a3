package lightgbm

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// maxFeatures bounds what a header may claim; names stand in the file.
const maxFeatures = 1 << 24

// block is lines of key=value up to an end.
type block map[string]string

// text goes through a file line by line.
type text struct{ rest []byte }

// line is the next line, without its end; ok is false after the last one. Whole
// tells whether it had an end.
func (t *text) line() (s string, whole, ok bool) {
	if len(t.rest) == 0 {
		return "", false, false
	}
	line, rest, whole := bytes.Cut(t.rest, []byte("\n"))
	t.rest = rest
	return strings.TrimRight(string(line), "\r"), whole, true
}

const (
	treePrefix = "Tree="
	endOfTrees = "end of trees"
)

func readText(b []byte, o modelfile.Options) (*modelfile.Model, error) {
	t := &text{b}
	if s, _, _ := t.line(); strings.TrimSpace(s) != "tree" {
		return nil, modelfile.Formatf("not a LightGBM model: it begins with %.40q, not with \"tree\"", s)
	}
	head, next := t.block()
	h, sizes, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	var trees []scoring.Tree
	for strings.HasPrefix(next, treePrefix) {
		if next != treePrefix+strconv.Itoa(len(trees)) {
			return nil, modelfile.Formatf("%.40q where tree %d should begin", next, len(trees))
		}
		var b block
		if b, next = t.block(); next == cutOff {
			return nil, modelfile.Formatf("cut off in tree %d", len(trees))
		}
		tree, err := parseTree(b, len(h.features))
		if err != nil {
			return nil, modelfile.Wrap(err, "tree %d", len(trees))
		}
		if trees = append(trees, tree); len(trees) > scoring.MaxTrees {
			return nil, modelfile.Unsupportedf("more than %d trees", scoring.MaxTrees)
		}
	}
	if next != endOfTrees && h.version != "v2" || sizes >= 0 && sizes != len(trees) {
		return nil, modelfile.Formatf("cut off after %d trees", len(trees))
	}
	return h.model(trees, o)
}

// cutOff is the end of a block in the middle of a line.
const cutOff = "\x00"

// block reads lines up to one that begins a tree or has neither a key nor blanks,
// which it returns.
func (t *text) block() (block, string) {
	b := block{}
	for {
		s, whole, ok := t.line()
		switch key, value, found := strings.Cut(s, "="); {
		case !ok:
			return b, ""
		case strings.HasPrefix(s, treePrefix):
			return b, s
		case s == endOfTrees:
			return b, s
		case !whole:
			return b, cutOff
		case found:
			b[key] = value
		case s == "average_output":
			b[s] = ""
		case strings.TrimSpace(s) != "":
			return b, s
		}
	}
}

// parseHeader returns the header and how many trees it announces, or -1.
func parseHeader(b block) (header, int, error) {
	h := header{version: b["version"], objective: b["objective"]}
	var err error
	number := func(key string, missing int) int {
		s, ok := b[key]
		if !ok && missing >= 0 {
			return missing
		}
		n, e := strconv.Atoi(strings.TrimSpace(s))
		if e != nil && err == nil {
			err = modelfile.Formatf("%s=%.40q", key, s)
		}
		return n
	}
	h.classes = number("num_class", -1)
	h.perRound = number("num_tree_per_iteration", h.classes)
	last := number("max_feature_idx", -1)
	_, h.average = b["average_output"]
	if e := h.check(); e != nil && h.version == "" || e != nil && err == nil {
		return h, 0, e
	}
	if err != nil {
		return h, 0, err
	}
	if h.features = strings.Fields(b["feature_names"]); len(h.features) != last+1 || last >= maxFeatures {
		return h, 0, modelfile.Formatf("%d feature names for %d features", len(h.features), last+1)
	}
	sizes, ok := b["tree_sizes"]
	if !ok {
		return h, -1, nil
	}
	return h, len(strings.Fields(sizes)), nil
}

// parseTree reads the block of one tree.
func parseTree(b block, features int) (scoring.Tree, error) {
	if v, ok := b["is_linear"]; ok && strings.TrimSpace(v) != "0" {
		return scoring.Tree{}, modelfile.Unsupportedf("linear trees (is_linear=1); supported are trees of constant leaves")
	}
	p := fields{b: b}
	leaves := p.integers("num_leaves", 1)[0]
	if p.err == nil && (leaves < 1 || leaves > scoring.MaxTreeNodes) {
		return scoring.Tree{}, modelfile.Formatf("%d leaves", leaves)
	}
	if p.err != nil {
		return scoring.Tree{}, p.err
	}
	values := p.numbers("leaf_value", leaves)
	if leaves == 1 {
		return scoring.Tree{Leaves: values}, p.err
	}
	n := leaves - 1
	nodes := nodes{
		features: features,
		feature:  p.integers("split_feature", n), threshold: p.numbers("threshold", n), decision: p.integers("decision_type", n),
		left: p.integers("left_child", n), right: p.integers("right_child", n), values: values, counts: make([]float64, leaves),
	}
	if _, ok := b["leaf_count"]; ok {
		nodes.counts = p.numbers("leaf_count", leaves)
	}
	if categories := p.count("num_cat"); categories > 0 && p.err == nil {
		nodes.bounds = p.integers("cat_boundaries", categories+1)
		nodes.words = p.integers("cat_threshold", -1)
	}
	if p.err != nil {
		return scoring.Tree{}, p.err
	}
	return modelfile.Grow(0, nodes.step)
}

// nodes are the arrays of one tree.
type nodes struct {
	features                       int
	feature, decision, left, right []int
	threshold, values, counts      []float64
	bounds, words                  []int
}

// Bits of a decision_type.
const (
	decisionCategorical = 1
	decisionDefaultLeft = 2
	decisionMissing     = 2 // how far to shift, two bits
)

func (n *nodes) step(at int) (modelfile.Step, error) {
	if at < 0 {
		if ^at >= len(n.values) {
			return modelfile.Step{}, modelfile.Formatf("no leaf %d", ^at)
		}
		return modelfile.Step{Leaf: true, Value: n.values[^at], Weight: n.counts[^at]}, nil
	}
	if at >= len(n.feature) {
		return modelfile.Step{}, modelfile.Formatf("no node %d", at)
	}
	column, decision := n.feature[at], n.decision[at]
	missing := decision >> decisionMissing
	if column < 0 || column >= n.features || decision < 0 || missing > missingNaN {
		return modelfile.Step{}, modelfile.Formatf("node %d asks for feature %d with decision_type %d", at, column, decision)
	}
	var node scoring.Node
	var err error
	if decision&decisionCategorical != 0 {
		node, err = n.categories(column, n.threshold[at])
	} else {
		node, err = numeric(column, n.threshold[at], missing, decision&decisionDefaultLeft != 0)
	}
	node.Left, node.Right = n.left[at], n.right[at]
	return modelfile.Step{Node: node}, err
}

// categories is the node of a set, which is the number of one between bounds.
func (n *nodes) categories(column int, set float64) (scoring.Node, error) {
	i := int(min(max(set, -1), float64(len(n.bounds))))
	if i < 0 || i+1 >= len(n.bounds) || float64(i) != set {
		return scoring.Node{}, modelfile.Formatf("no set of categories %v", set)
	}
	from, to := n.bounds[i], n.bounds[i+1]
	if from < 0 || to < from || to > len(n.words) {
		return scoring.Node{}, modelfile.Formatf("cat_boundaries %d to %d of %d words", from, to, len(n.words))
	}
	words := make([]uint32, to-from)
	for j := range words {
		w := n.words[from+j]
		if w < 0 || w > math.MaxUint32 {
			return scoring.Node{}, modelfile.Formatf("cat_threshold %d", w)
		}
		words[j] = uint32(w)
	}
	return categorical(column, words)
}

// fields reads the arrays of a block and keeps the first error.
type fields struct {
	b   block
	err error
}

func (p *fields) split(key string, n int) []string {
	words := strings.Fields(p.b[key])
	if n >= 0 && len(words) != n {
		if p.err == nil {
			p.err = modelfile.Formatf("%s has %d values, not %d", key, len(words), n)
		}
		return make([]string, min(n, 1))
	}
	return words
}

func (p *fields) numbers(key string, n int) []float64 { return parse(p, key, n, number) }

func (p *fields) integers(key string, n int) []int { return parse(p, key, n, strconv.Atoi) }

func (p *fields) count(key string) int {
	if _, ok := p.b[key]; !ok {
		return 0
	}
	n := p.integers(key, 1)[0]
	if p.err == nil && (n < 0 || n > scoring.MaxTreeNodes) {
		p.err = modelfile.Formatf("%s is %d", key, n)
	}
	return n
}

func parse[T any](p *fields, key string, n int, read func(string) (T, error)) []T {
	words := p.split(key, n)
	out := make([]T, len(words))
	for i, w := range words {
		v, err := read(w)
		if err != nil && p.err == nil {
			p.err = modelfile.Formatf("%s: %.40q is not a number", key, w)
		}
		out[i] = v
	}
	return out
}

func number(s string) (float64, error) {
	if strings.Trim(s, "+-.eE0123456789infa") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}
