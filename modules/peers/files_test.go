package peers

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// lightgbmFile is the forest as LightGBM writes one that saw nothing missing.
func lightgbmFile(trees []grown) []byte {
	names, infos := make([]string, forestColumns), make([]string, forestColumns)
	for c := range names {
		names[c], infos[c] = fmt.Sprintf("f%d", c), "[-10:10]"
	}
	var body strings.Builder
	var sizes []int
	for i, t := range trees {
		start := body.Len()
		ones, zeros := many(1, len(t.leaves)), many(0, len(t.nodes))
		fmt.Fprintf(&body, "Tree=%d\nnum_leaves=%d\nnum_cat=0\n", i, len(t.leaves))
		line(&body, "split_feature", t.nodes, func(s split) any { return s.column })
		line(&body, "split_gain", zeros, plain)
		line(&body, "threshold", t.nodes, func(s split) any { return float64(s.threshold) })
		line(&body, "decision_type", many(2, len(t.nodes)), plain)
		line(&body, "left_child", t.nodes, func(s split) any { return s.left })
		line(&body, "right_child", t.nodes, func(s split) any { return s.right })
		line(&body, "leaf_value", t.leaves, func(v float32) any { return float64(v) })
		line(&body, "leaf_weight", ones, plain)
		line(&body, "leaf_count", t.rows, plain)
		line(&body, "internal_value", zeros, plain)
		line(&body, "internal_weight", zeros, plain)
		line(&body, "internal_count", zeros, plain)
		fmt.Fprint(&body, "is_linear=0\nshrinkage=1\n\n\n")
		sizes = append(sizes, body.Len()-start)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=%d\nobjective=regression\n", forestColumns-1)
	fmt.Fprintf(&out, "feature_names=%s\nfeature_infos=%s\n", strings.Join(names, " "), strings.Join(infos, " "))
	line(&out, "tree_sizes", sizes, plain)
	fmt.Fprintf(&out, "\n%send of trees\n\n", &body)
	return []byte(out.String())
}

func line[T any](to *strings.Builder, name string, values []T, value func(T) any) {
	fmt.Fprintf(to, "%s=", name)
	for i, v := range values {
		if i > 0 {
			fmt.Fprint(to, " ")
		}
		fmt.Fprint(to, value(v))
	}
	fmt.Fprintln(to)
}

func plain(v int) any { return v }

func many(v, times int) []int {
	all := make([]int, times)
	for i := range all {
		all[i] = v
	}
	return all
}

type object = map[string]any

// xgboostFile is the forest as XGBoost 1.7 saves it in JSON. Below the next number
// is what at most this number is.
func xgboostFile(tb testing.TB, trees []grown) []byte {
	tb.Helper()
	var all []object
	for i, t := range trees {
		all = append(all, xgboostTree(i, t))
	}
	count := fmt.Sprint(len(trees))
	b, err := json.Marshal(object{
		"version": []int{1, 7, 4},
		"learner": object{
			"attributes": object{}, "feature_names": []string{}, "feature_types": []string{},
			"learner_model_param": object{"base_score": "0E0", "num_class": "0", "num_feature": fmt.Sprint(forestColumns), "num_target": "1"},
			"objective":           object{"name": "reg:squarederror", "reg_loss_param": object{"scale_pos_weight": "1"}},
			"gradient_booster": object{"name": "gbtree", "model": object{
				"gbtree_model_param": object{"num_parallel_tree": "1", "num_trees": count, "size_leaf_vector": "0"},
				"tree_info":          many(0, len(trees)),
				"trees":              all,
			}},
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// number is one that XGBoost doesn't take for an integer.
type number float32

func (n number) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(n), 'E', -1, 32), nil
}

// xgboostTree numbers brothers in a row, which XGBoost relies on.
func xgboostTree(id int, t grown) object {
	size := len(t.nodes) + len(t.leaves)
	left, right, parents := many(-1, size), many(-1, size), many(math.MaxInt32, size)
	columns, zeros, none := many(0, size), many(0, size), make([]number, size)
	conditions, cover := make([]number, size), make([]number, size)
	order := []int{0} // nodes, or ^i for leaf i, by their new number
	for at := 0; at < len(order); at++ {
		child := order[at]
		if child < 0 {
			conditions[at], cover[at] = number(t.leaves[^child]), number(t.rows[^child])
			continue
		}
		s := t.nodes[child]
		left[at], right[at] = len(order), len(order)+1
		parents[left[at]], parents[right[at]] = at, at
		order = append(order, s.left, s.right)
		columns[at], conditions[at] = s.column, number(math.Nextafter32(s.threshold, float32(math.Inf(1))))
	}
	for at := size - 1; at >= 0; at-- { // children come after their parents
		if left[at] > 0 {
			cover[at] = cover[left[at]] + cover[right[at]]
		}
	}
	return object{
		"id": id, "left_children": left, "right_children": right, "parents": parents,
		"split_indices": columns, "split_conditions": conditions, "split_type": zeros, "default_left": zeros,
		"base_weights": none, "loss_changes": none, "sum_hessian": cover,
		"categories": []int{}, "categories_nodes": []int{}, "categories_segments": []int{}, "categories_sizes": []int{},
		"tree_param": object{"num_deleted": "0", "num_feature": fmt.Sprint(forestColumns), "num_nodes": fmt.Sprint(size), "size_leaf_vector": "0"},
	}
}
