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

// costsIn names, for a file of Vowpal Wabbit's expected distributions, the one in
// which another of its tests prints the costs of the same data and learner.
var costsIn = map[string]string{
	"cbe_adf_epsilon":           "cb_adf_rank",
	"cbe_adf_softmax":           "cb_adf_rank",
	"cbe_adf_softmax_biglambda": "cb_adf_rank",
	"cb_explore_adf_example":    "cb_adf_rank", // fewer bits, the same order
	"cb_dro_explore_adf_sm":     "cb_dro_adf_sm",
}

// others say by a word of its command why a file is not compared, the first that
// fits.
var others = []struct{ word, why string }{
	{"--bag", "votes of several models"}, {"--cover", "votes of several models"}, {"--synthcover", "synthetic cover"},
	{"--rnd", "random network distillation"}, {"--regcb", "RegCB"}, {"--large_action_space", "picks among a sketch of the actions"},
	{"--squarecb", "epsilon raises the least to its share there and is mixed in here; the costs are not printed"},
	{"--softmax", "the costs are not printed"}, {"--ccb_explore_adf", "several slots of one decision"}, {"--slates", "several slots of one decision"},
	{"--explore_eval", "samples what was logged"}, {"--igl", "learns what is a reward"},
}

// from says where the costs of a file's distributions are from: "order" where
// they depend on nothing but which is best, which is read from the file; or why
// it is not compared.
func from(name, command string) (costs, why string) {
	if costs = costsIn[name]; costs != "" {
		return costs, ""
	}
	if !strings.Contains(command, "--cb_explore") {
		return "", "no distribution: costs, or the best"
	}
	for _, o := range others {
		if strings.Contains(command, o.word) {
			return "", o.why
		}
	}
	return "order", ""
}

func TestVowpalWabbitsDistributions(t *testing.T) {
	dir := filepath.Join(os.Getenv("AISLE_DATA"), "vowpal-wabbit")
	files, _ := filepath.Glob(filepath.Join(dir, "pred-sets", "ref", "*.predict"))
	if os.Getenv("AISLE_DATA") == "" || len(files) == 0 {
		t.Skip("needs vowpal-wabbit/pred-sets; set AISLE_DATA to the folder that holds it")
	}
	sets, rows, read := 0, 0, 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".predict")
		how := command(t, dir, name)
		costs, why := from(name, how)
		if why != "" {
			t.Logf("%s is not compared: %s", name, why)
			continue
		}
		want := distributions(t, file)
		given := want
		if costs == "order" {
			read++
		} else {
			given = distributions(t, filepath.Join(filepath.Dir(file), costs+".predict"))
		}
		for k, row := range want {
			rows++
			matches(t, name+" "+strconv.Itoa(k), policyOf(t, how, k), row, costsOf(given[k], costs == "order"))
		}
		sets++
	}
	t.Logf("%d distributions of %d sets are ours (of %d sets with the best read from it), %d of %d sets are not compared", rows, sets, read, len(files)-sets, len(files))
	if sets < 10 || rows < 29 {
		t.Errorf("%d distributions of %d sets were compared, want at least 29 of 10", rows, sets)
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
// default. Of what explores first the stages are ours, uniform and fixed, and the
// schedule is not.
func policyOf(t *testing.T, command string, row int) explore.Policy {
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
	if first := option("first", -1); first >= 0 {
		if float64(row) < first {
			return explore.Policy{Kind: explore.Uniform}
		}
		return explore.Policy{Kind: explore.Fixed}
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
