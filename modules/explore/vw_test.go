package explore_test

import (
	"cmp"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/explore"
)

// Vowpal Wabbit's expected distributions. Costs of its models are known where
// another of its tests prints them for the same data and learner; where the
// distribution depends on nothing but which is best, that is read from the file.
// What is left says why.
var predicted = map[string]struct{ costs, why string }{
	"cbe_adf_epsilon":           {costs: "cb_adf_rank"},
	"cbe_adf_softmax":           {costs: "cb_adf_rank"},
	"cbe_adf_softmax_biglambda": {costs: "cb_adf_rank"},
	"cb_explore_adf_example":    {costs: "cb_adf_rank"}, // fewer bits, the same order
	"cb_dro_explore_adf_sm":     {costs: "cb_dro_adf_sm"},

	"cbe_adf_dsjson_chain_hash":   {costs: "order"},
	"cb_zero_feature_vals":        {costs: "order"},
	"cb_zero_feature_vals_dsjson": {costs: "order"},
	"cb_sample_seed":              {costs: "order"},

	"squarecb_pred_epsilon": {why: "epsilon raises the least to its share there and is mixed in here; the costs are not printed"},

	"cbe_adf_bag": {why: bags}, "cbe_adf_first": {why: "explore-first"}, "cbe_adf_rnd": {why: "random network distillation"},
	"regcb_pred": {why: "RegCB"}, "cbe_adf_synthcover": {why: "synthetic cover"},
	"cbe_adf_cover": {why: bags}, "cbe_adf_cover_dr": {why: bags}, "cbe_adf_cover_dr256": {why: bags}, "cbe_adf_cover_e_dec": {why: bags},
	"cbe_adf_cover_e_fixed": {why: bags}, "cb_explore_adf_cover_audit": {why: bags}, "cbe_cover_e_dec": {why: bags},
	"cbe_cover_e_dec_legacy": {why: bags}, "cbe_cover_e_fixed": {why: bags}, "cbe_cover_e_fixed_legacy": {why: bags},

	"cb_adf_dm": {why: costs}, "cb_adf_dr": {why: costs}, "cb_adf_rank": {why: costs}, "cb_adf_sm": {why: costs}, "cb_dro_adf_sm": {why: costs},
}

const (
	bags  = "votes of several models: bag or cover"
	costs = "no distribution: costs, or the best"
)

func TestVowpalWabbitsDistributions(t *testing.T) {
	dir := filepath.Join(os.Getenv("AISLE_DATA"), "vowpal-wabbit")
	files, _ := filepath.Glob(filepath.Join(dir, "pred-sets", "ref", "*.predict"))
	if os.Getenv("AISLE_DATA") == "" || len(files) == 0 {
		t.Skip("needs vowpal-wabbit/pred-sets; set AISLE_DATA to the folder that holds it")
	}
	sets, rows, read := 0, 0, 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".predict")
		set, ok := predicted[name]
		switch {
		case !ok:
			t.Errorf("%s is neither compared nor said why not", name)
		case set.why != "":
			t.Logf("%s is not compared: %s", name, set.why)
		default:
			want := distributions(t, file)
			from := want
			if set.costs != "order" {
				from = distributions(t, filepath.Join(filepath.Dir(file), set.costs+".predict"))
			} else {
				read++
			}
			policy := policyOf(t, command(t, dir, name))
			for k, row := range want {
				rows++
				matches(t, name+" "+strconv.Itoa(k), policy, row, costsOf(from[k], set.costs == "order"))
			}
			sets++
		}
	}
	t.Logf("%d distributions of %d sets are ours (of %d sets with the best read from it), %d of %d sets are not compared", rows, sets, read, len(files)-sets, len(files))
	if sets != 9 || rows < 26 {
		t.Errorf("%d distributions of %d sets were compared, want 26 of 9", rows, sets)
	}
}

// distributions are the lines of a file: a number for each action.
func distributions(t *testing.T, file string) (all []map[int]float64) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		row := map[int]float64{}
		for _, m := range regexp.MustCompile(`(\d+):([-+.e\d]+)`).FindAllStringSubmatch(line, -1) {
			i, err := strconv.Atoi(m[1])
			x, err2 := strconv.ParseFloat(m[2], 64)
			if err != nil || err2 != nil {
				t.Fatalf("%s: %q", file, line)
			}
			row[i] = x
		}
		if len(row) > 0 {
			all = append(all, row)
		}
	}
	return all
}

// costsOf are those of a row; of a distribution, any that have its best.
func costsOf(row map[int]float64, isDistribution bool) map[int]float64 {
	if !isDistribution {
		return row
	}
	most, out := 0.0, map[int]float64{}
	for _, p := range row {
		most = max(most, p)
	}
	for i, p := range row {
		out[i] = float64(1 - int(p/most))
	}
	return out
}

// command is what made a file.
func command(t *testing.T, dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, "exploration_tests.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tests []struct {
		Command string            `json:"vw_command"`
		Files   map[string]string `json:"diff_files"`
	}
	if err := json.Unmarshal(b, &tests); err != nil {
		t.Fatal(err)
	}
	for _, x := range tests {
		for _, file := range x.Files {
			if file == "pred-sets/ref/"+name+".predict" {
				return x.Command
			}
		}
	}
	t.Fatalf("no command made %s", name)
	return ""
}

// policyOf is ours of a command: its softmax mixes nothing in, its greedy one 0.05 by
// default.
func policyOf(t *testing.T, command string) explore.Policy {
	option := func(name string, otherwise float64) float64 {
		m := regexp.MustCompile(`--` + name + ` ([-.e\d]+)`).FindStringSubmatch(command)
		if m == nil {
			return otherwise
		}
		x, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(command)
		}
		return x
	}
	if strings.Contains(command, "--softmax") {
		return explore.Policy{Kind: explore.Softmax, Epsilon: 1e-12, Temperature: 1 / option("lambda", 1)}
	}
	return explore.Policy{Kind: explore.EpsilonGreedy, Epsilon: option("epsilon", 0.05)}
}

// matches compares to the digits that are printed.
func matches(t *testing.T, name string, policy explore.Policy, want, cost map[int]float64) {
	var order []int
	for i := range want {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(cost[a], cost[b]), a-b) })
	c := explore.Choice{Policy: policy, Feasible: len(order)}
	for _, i := range order {
		c.Means = append(c.Means, -cost[i])
	}
	for place, i := range order {
		c.Place = place
		p, err := c.Probability()
		if err != nil || math.Abs(p-want[i]) > 1e-6 {
			t.Errorf("%s: action %d with cost %v has %v, want %v, %v", name, i, cost[i], p, want[i], err)
		}
	}
}
