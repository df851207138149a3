package xgboost

import (
	"math"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/internal/document"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// readDocument reads JSON or UBJSON. The latter goes on with the type of a
// key's length, the former with a key or blanks.
func readDocument(b []byte) (*learner, error) {
	var d document.Value
	var err error
	if strings.IndexByte("\" \t\r\n}", b[1]) >= 0 {
		d, err = document.JSON(b, true)
	} else {
		d, err = document.UBJ(b)
	}
	if err != nil {
		return nil, modelfile.Formatf("%v", err)
	}
	model := d
	if d.Has("Model") { // a pickled booster, with its configuration beside
		model = d.Get("Model")
	}
	l, err := readLearner(model.Get("learner"))
	if d.Err() != nil {
		return nil, modelfile.Formatf("%v", d.Err())
	}
	return l, err
}

// integer is a parameter, which stands in the file as a string.
func integer(v document.Value) int {
	if !v.IsText() {
		return v.Int()
	}
	n, err := strconv.ParseInt(v.Text(), 10, 32)
	if err != nil {
		return math.MinInt32
	}
	return int(n)
}

// optional is a parameter that older versions do not have.
func optional(v document.Value, key string) int {
	if !v.Has(key) {
		return 0
	}
	return integer(v.Get(key))
}

func readLearner(d document.Value) (*learner, error) {
	p := d.Get("learner_model_param")
	l := &learner{
		objective: d.Get("objective", "name").Text(),
		features:  integer(p.Get("num_feature")),
		heads:     max(1, optional(p, "num_class"), optional(p, "num_target")),
	}
	if d.Has("feature_names") {
		for _, name := range d.Get("feature_names").List() {
			l.names = append(l.names, name.Text())
		}
	}
	var err error
	if l.base, err = baseScores(p.Get("base_score")); err != nil {
		return nil, err
	}
	booster := d.Get("gradient_booster")
	if d.Err() != nil {
		return nil, d.Err()
	}
	return l, l.booster(booster)
}

// baseScores reads "5E-1", "[5E-1]", "[5E-1,2E-1]", or a number.
func baseScores(v document.Value) ([]float64, error) {
	if !v.IsText() {
		return []float64{v.Number()}, nil
	}
	s := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(v.Text()), "["), "]")
	var out []float64
	for w := range strings.SplitSeq(s, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(w), 32)
		if err != nil {
			return nil, modelfile.Formatf("base_score %.40q", v.Text())
		}
		out = append(out, f)
	}
	return out, nil
}

func (l *learner) booster(d document.Value) error {
	switch name := d.Get("name").Text(); name {
	case "gblinear":
		l.linear, l.weights = true, d.Get("model", "weights").Numbers(-1)
		return d.Err()
	case "dart":
		l.drop = d.Get("weight_drop").Numbers(-1)
		return l.gbtree(d.Get("gbtree", "model"))
	case "gbtree":
		return l.gbtree(d.Get("model"))
	default:
		return modelfile.Unsupportedf("booster %.20q; supported are gbtree, dart and gblinear", name)
	}
}

func (l *learner) gbtree(d document.Value) error {
	l.perRound = l.heads * max(1, optional(d.Get("gbtree_model_param"), "num_parallel_tree"))
	l.groups = d.Get("tree_info").Ints(-1)
	if d.Has("iteration_indptr") {
		l.rounds = d.Get("iteration_indptr").Ints(-1)
		for _, r := range l.rounds {
			if r < 0 {
				return modelfile.Formatf("iteration_indptr %d", r)
			}
		}
	}
	trees := d.Get("trees")
	if n := trees.Len(); n > scoring.MaxTrees {
		return modelfile.Unsupportedf("%d trees; at most %d are supported", n, scoring.MaxTrees)
	}
	for i, v := range trees.List() {
		t, err := readTree(v)
		if d.Err() != nil {
			return modelfile.Formatf("%v", d.Err())
		}
		if err != nil {
			return modelfile.Wrap(err, "tree %d", i)
		}
		l.trees = append(l.trees, t)
	}
	return nil
}

func readTree(d document.Value) (tree, error) {
	p := d.Get("tree_param")
	if n := optional(p, "size_leaf_vector"); n > 1 {
		return tree{}, modelfile.Unsupportedf("leaves that are vectors (multi_strategy=multi_output_tree); supported is one_output_per_tree")
	}
	left := d.Get("left_children").Ints(-1)
	n := len(left)
	t := tree{
		left: left, right: d.Get("right_children").Ints(n), index: d.Get("split_indices").Ints(n),
		condition: d.Get("split_conditions").Numbers(n), hessian: make([]float64, n), defaultLeft: make([]bool, n),
	}
	for i, v := range d.Get("default_left").Numbers(n) {
		t.defaultLeft[i] = v != 0
	}
	if d.Has("sum_hessian") {
		t.hessian = d.Get("sum_hessian").Numbers(n)
	}
	if p.Has("num_nodes") && integer(p.Get("num_nodes")) != n {
		return t, modelfile.Formatf("%d nodes, num_nodes says %d", n, integer(p.Get("num_nodes")))
	}
	return t, t.categories(d)
}

// categories reads the sets of the nodes that ask for categories.
func (t *tree) categories(d document.Value) error {
	if !d.Has("split_type") || !d.Has("categories_nodes") {
		return nil
	}
	kinds := d.Get("split_type").Ints(len(t.left))
	nodes := d.Get("categories_nodes").Ints(-1)
	from, sizes := d.Get("categories_segments").Ints(len(nodes)), d.Get("categories_sizes").Ints(len(nodes))
	all := d.Get("categories").Ints(-1)
	if d.Err() != nil {
		return nil
	}
	t.sets = map[int][]uint32{}
	for i, at := range nodes {
		if at < 0 || at >= len(kinds) || kinds[at] != 1 || from[i] < 0 || sizes[i] < 0 || from[i]+sizes[i] > len(all) || t.sets[at] != nil {
			return modelfile.Formatf("categories of node %d from %d, %d of %d", at, from[i], sizes[i], len(all))
		}
		var err error
		if t.sets[at], err = set(all[from[i] : from[i]+sizes[i]]); err != nil {
			return err
		}
	}
	for at, kind := range kinds {
		if kind != 0 && (kind != 1 || t.left[at] != -1 && t.sets[at] == nil) {
			return modelfile.Formatf("node %d has split_type %d and no categories", at, kind)
		}
	}
	return nil
}
