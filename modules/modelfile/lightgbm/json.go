package lightgbm

import (
	"math"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/internal/document"
	"github.com/aisle-edge/aisle/modules/scoring"
)

func readJSON(b []byte, o modelfile.Options) (*modelfile.Model, error) {
	d, err := document.JSON(b, false)
	if err != nil {
		return nil, modelfile.Formatf("%v", err)
	}
	h := header{version: d.Get("version").Text(), classes: d.Get("num_class").Int(), perRound: d.Get("num_tree_per_iteration").Int()}
	if d.Has("objective") {
		h.objective = d.Get("objective").Text()
	}
	h.average = d.Has("average_output") && d.Get("average_output").Number() != 0
	for _, name := range d.Get("feature_names").List() {
		h.features = append(h.features, name.Text())
	}
	if last := d.Get("max_feature_idx").Int(); d.Err() == nil && last+1 != len(h.features) {
		return nil, modelfile.Formatf("%d feature names for %d features", len(h.features), last+1)
	}
	if d.Err() != nil {
		return nil, modelfile.Formatf("%v", d.Err())
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	var trees []scoring.Tree
	for i, info := range d.Get("tree_info").List() {
		f := flat{features: len(h.features)}
		root := f.add(info.Get("tree_structure"))
		if d.Err() != nil {
			return nil, modelfile.Formatf("%v", d.Err())
		}
		tree, err := modelfile.Grow(root, f.step)
		if err != nil {
			return nil, modelfile.Wrap(err, "tree %d", i)
		}
		if trees = append(trees, tree); len(trees) > scoring.MaxTrees {
			return nil, modelfile.Unsupportedf("more than %d trees", scoring.MaxTrees)
		}
	}
	if d.Err() != nil {
		return nil, modelfile.Formatf("%v", d.Err())
	}
	return h.model(trees, o)
}

// flat lays a tree's nested nodes out in a list.
type flat struct {
	features int
	nodes    []document.Value
	children [][2]int
}

// add takes a node and all below it, and returns its place.
func (f *flat) add(v document.Value) int {
	at := len(f.nodes)
	f.nodes, f.children = append(f.nodes, v), append(f.children, [2]int{-1, -1})
	if v.Err() == nil && v.Has("left_child") {
		left := f.add(v.Get("left_child"))
		right := f.add(v.Get("right_child"))
		f.children[at] = [2]int{left, right}
	}
	return at
}

func (f *flat) step(at int) (modelfile.Step, error) {
	v := f.nodes[at]
	if f.children[at][0] < 0 {
		return leaf(v)
	}
	column := v.Get("split_feature").Int()
	var node scoring.Node
	var err error
	switch decision := v.Get("decision_type").Text(); {
	case v.Err() != nil:
		return modelfile.Step{}, modelfile.Formatf("%v", v.Err())
	case column < 0 || column >= f.features:
		return modelfile.Step{}, modelfile.Formatf("a node asks for feature %d of %d", column, f.features)
	case decision == "<=":
		node, err = compare(v, column)
	case decision == "==":
		node, err = among(v, column)
	default:
		return modelfile.Step{}, modelfile.Formatf("decision_type %.20q", decision)
	}
	node.Left, node.Right = f.children[at][0], f.children[at][1]
	return modelfile.Step{Node: node}, err
}

func leaf(v document.Value) (modelfile.Step, error) {
	s := modelfile.Step{Leaf: true, Value: v.Get("leaf_value").Number()}
	if v.Has("leaf_count") {
		s.Weight = v.Get("leaf_count").Number()
	}
	if v.Has("leaf_coeff") || v.Has("leaf_const") {
		return s, modelfile.Unsupportedf("linear trees (leaf_coeff); supported are trees of constant leaves")
	}
	if v.Err() != nil {
		return s, modelfile.Formatf("%v", v.Err())
	}
	return s, nil
}

func compare(v document.Value, column int) (scoring.Node, error) {
	threshold, defaultLeft := v.Get("threshold").Number(), v.Get("default_left").Number() != 0
	missing := map[string]int{"None": missingNone, "Zero": missingZero, "NaN": missingNaN}
	kind, ok := missing[v.Get("missing_type").Text()]
	if v.Err() != nil {
		return scoring.Node{}, modelfile.Formatf("%v", v.Err())
	}
	if !ok {
		return scoring.Node{}, modelfile.Formatf("missing_type %.20q", v.Get("missing_type").Text())
	}
	return numeric(column, threshold, kind, defaultLeft)
}

// among is a node whose threshold lists categories: "1||5||7", or one number.
func among(v document.Value, column int) (scoring.Node, error) {
	var list []string
	if t := v.Get("threshold"); t.IsText() {
		list = strings.Split(t.Text(), "||")
	} else {
		list = []string{strconv.Itoa(t.Int())}
	}
	if v.Err() != nil {
		return scoring.Node{}, modelfile.Formatf("%v", v.Err())
	}
	var set []uint32
	for _, s := range list {
		k, err := strconv.Atoi(s)
		if err != nil || k < 0 || k > math.MaxInt32 {
			return scoring.Node{}, modelfile.Formatf("category %.20q", s)
		}
		if k >= 32*scoring.MaxSet {
			return scoring.Node{}, modelfile.Unsupportedf("category %d; the largest supported is %d", k, 32*scoring.MaxSet-1)
		}
		for len(set) <= k/32 {
			set = append(set, 0)
		}
		set[k/32] |= 1 << (k % 32)
	}
	return categorical(column, set)
}
