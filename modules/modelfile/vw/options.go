package vw

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// plan is what the options make of weights.
type plan struct {
	objective    string
	heads        int // of which each is the predictor of its number
	shift        int // 2^shift predictors stand side by side
	negated      bool
	link         scoring.Link
	bandit       bool     // the text's features of all actions stand behind those of each
	interactions []string // of two letters
	all          bool     // all names are hashed
	constant     bool
}

// harmless are options that change no score of a model that has been trained.
var harmless = strings.Fields(`bit_precision b random_seed cb_adf cb_explore_adf csoaa_rank rank_all epsilon softmax
	lambda first squarecb gamma_scale gamma_exponent regcb regcbopt mellowness clip_p cb_min_cost cb_max_cost no_predict nounif
	predict_only_model save_resume preserve_performance_counters sparse_weights sgd adaptive invariant normalized
	learning_rate l power_t initial_t decay_learning_rate l1 l2 loss_function quantile_tau bfgs ftrl ftrl_alpha ftrl_beta
	passes holdout_off constant C initial_weight chain_hash_json sparse_l2 quiet id`)

const supported = "regression and classification with --link, --oaa, --csoaa, --cb, --cb_adf and --cb_explore_adf of one policy, and interactions of two namespaces"

// plan reads the options.
func (f *file) plan() (*plan, error) {
	p := &plan{objective: "regression", heads: 1, constant: true}
	given, err := options(f.options)
	if err != nil {
		return nil, err
	}
	for _, o := range given {
		if err := p.option(o); err != nil {
			return nil, err
		}
	}
	models := 1
	costs := given.has("cb_adf") || given.has("cb_explore_adf")
	doubly := given.value("cb_type") == "dr"
	for _, key := range []string{"oaa", "csoaa", "cb", "cb_explore"} {
		if !given.has(key) {
			continue
		}
		k, err := strconv.Atoi(given.value(key))
		if err != nil || k < 1 || k > scoring.MaxHeads {
			return nil, modelfile.Unsupportedf("--%s %.20s; supported are up to %d", key, given.value(key), scoring.MaxHeads)
		}
		if p.heads, models = k, k; key != "oaa" {
			costs = true
		}
		doubly = doubly || strings.HasPrefix(key, "cb") && given.value("cb_type") == ""
	}
	if doubly {
		models *= 2
	}
	p.shift = bits.Len(uint(models - 1))
	p.bandit, p.negated = given.has("cb_adf") || given.has("cb_explore_adf"), costs
	for _, key := range []string{"oaa", "csoaa", "cb", "cb_adf", "cb_explore", "cb_explore_adf"} {
		if given.has(key) {
			p.objective = strings.TrimSpace(key + " " + given.value("cb_type"))
		}
	}
	if p.link, err = f.link(given.value("link"), p); err != nil {
		return nil, err
	}
	return p, p.dedupe(given.has("leave_duplicate_interactions"))
}

// option is one that is known, or an error.
func (p *plan) option(o option) error {
	switch o.key {
	case "quadratic", "q":
		p.interactions = append(p.interactions, o.values...)
	case "interactions", "cubic":
		for _, v := range o.values {
			if len(v) != 2 {
				return modelfile.Unsupportedf("the interaction %.20q; supported are those of two namespaces, each by its first letter", v)
			}
		}
		p.interactions = append(p.interactions, o.values...)
	case "noconstant":
		p.constant = false
	case "hash":
		if p.all = o.value() == "all"; !p.all && o.value() != "strings" {
			return modelfile.Unsupportedf("--hash %.20s; supported are strings and all", o.value())
		}
	case "hash_seed":
		if o.value() != "0" {
			return modelfile.Unsupportedf("--hash_seed %.20s; supported is 0", o.value())
		}
	case "cb_type":
		if !slices.Contains([]string{"mtr", "ips", "dm", "dr", "sm"}, o.value()) {
			return modelfile.Unsupportedf("--cb_type %.20s; supported are mtr, ips, dm, dr and sm", o.value())
		}
	case "csoaa_ldf":
		if v := o.value(); v != "multiline" && v != "m" {
			return modelfile.Unsupportedf("--csoaa_ldf %.20s; supported is multiline, of --cb_adf", v)
		}
	case "link", "leave_duplicate_interactions", "oaa", "csoaa", "cb", "cb_explore":
	default:
		if !slices.Contains(harmless, o.key) {
			return modelfile.Unsupportedf("Vowpal Wabbit's option --%.40s; supported are %s", o.key, supported)
		}
	}
	return nil
}

// dedupe leaves out interactions of the same two namespaces, as Vowpal Wabbit does.
func (p *plan) dedupe(twice bool) error {
	var out []string
	seen := map[string]bool{}
	for _, v := range p.interactions {
		if len(v) != 2 || v != "::" && strings.Contains(v, ":") {
			return modelfile.Unsupportedf("the interaction %.20q; supported are those of two namespaces, each by its first letter, and :: of all", v)
		}
		sorted := string([]byte{min(v[0], v[1]), max(v[0], v[1])})
		if v == "::" && len(p.interactions) > 1 {
			return modelfile.Unsupportedf("interactions beside ::, which is of all namespaces")
		}
		if !seen[sorted] || twice {
			out = append(out, v)
		}
		seen[sorted] = true
	}
	p.interactions = out
	return nil
}

// link makes predictions of margins. Those of bandits and costs stay margins.
func (f *file) link(name string, p *plan) (scoring.Link, error) {
	kinds := map[string]string{"": scoring.LinkClip, "identity": scoring.LinkClip, "logistic": scoring.LinkLogistic, "glf1": scoring.LinkSymmetric, "poisson": scoring.LinkExp}
	kind, ok := kinds[name]
	switch {
	case !ok:
		return scoring.Link{}, modelfile.Unsupportedf("--link %.20s; supported are identity, logistic, glf1 and poisson", name)
	case p.negated && kind != scoring.LinkClip:
		return scoring.Link{}, modelfile.Unsupportedf("--link %.20s of costs; supported is identity", name)
	case p.negated:
		return scoring.Link{}, nil
	case p.objective == "oaa":
		return scoring.Link{Kind: scoring.LinkArgmax}, nil
	case f.low >= f.high:
		return scoring.Link{}, modelfile.Unsupportedf("a model that was trained with one label only (%v): it predicts that of everything", f.low)
	}
	l := scoring.Link{Kind: kind, Low: f.low, High: f.high}
	if kind == scoring.LinkLogistic {
		l.Scale = 1
	}
	return l, nil
}

// option is one of a command line.
type option struct {
	key    string
	values []string
}

func (o option) value() string {
	if len(o.values) == 0 {
		return ""
	}
	return o.values[len(o.values)-1]
}

type given []option

// maxOptions is how many words options may have.
const maxOptions = 4096

// options splits a command line.
func options(line string) (given, error) {
	var out given
	words := strings.Fields(line)
	if len(words) > maxOptions {
		return nil, modelfile.Formatf("%d words of options", len(words))
	}
	for _, w := range words {
		switch {
		case strings.HasPrefix(w, "--"):
			key, value, ok := strings.Cut(w[2:], "=")
			out = append(out, option{key: key})
			if w = value; !ok {
				continue
			}
		case len(w) > 1 && w[0] == '-' && (w[1] < '0' || w[1] > '9') && w[1] != '.':
			out = append(out, option{key: w[1:2]})
			if w = w[2:]; w == "" {
				continue
			}
		}
		if len(out) == 0 {
			return nil, modelfile.Formatf("options that begin with %.40q", w)
		}
		last := &out[len(out)-1]
		last.values = append(last.values, w)
	}
	return out, nil
}

func (g given) has(key string) bool {
	return slices.ContainsFunc(g, func(o option) bool { return o.key == key })
}

// value is that of the last one of the key.
func (g given) value(key string) (v string) {
	for _, o := range g {
		if o.key == key {
			v = o.value()
		}
	}
	return v
}
