package vw

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/modelfile"
)

// file is what a text says.
type file struct {
	version   int // the major one
	low, high float64
	bits      int
	options   string
	weights   []weight
	named     bool // by --invert_hash
}

// weight is a line of a weight.
type weight struct {
	name  string // empty but of --invert_hash
	index uint32
	value float32
}

// maxBits is how many bits an index may have here: as a table, with the bits of
// eight predictors beside each other twice.
const maxBits = 26

// lines goes through a text.
type lines struct {
	rest []byte
	at   int
}

// next is the next line; ok is false at the end of the text, and for a line
// without an end, which Vowpal Wabbit does not write.
func (l *lines) next() (s string, ok bool) {
	line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
	if !whole {
		return "", false
	}
	l.rest, l.at = rest, l.at+1
	return strings.TrimSuffix(string(line), "\r"), true
}

func (l *lines) errorf(format string, args ...any) error {
	return modelfile.Wrap(modelfile.Formatf(format, args...), "line %d", l.at)
}

func parse(b []byte) (*file, error) {
	if !bytes.HasPrefix(b, []byte("Version ")) {
		if modelfile.Detect(b) == modelfile.VW {
			return nil, modelfile.Unsupportedf("Vowpal Wabbit's binary model; write it as text: vw -i MODEL -t --readable_model FILE, or with --invert_hash FILE and -d DATA for names")
		}
		return nil, modelfile.Formatf("not a model that Vowpal Wabbit wrote as text: it does not begin with its version")
	}
	l := &lines{rest: b}
	f := &file{bits: -1, low: math.NaN(), high: math.NaN()}
	resume, err := f.header(l)
	if err != nil {
		return nil, err
	}
	if err := f.state(l, resume); err != nil {
		return nil, err
	}
	return f, nil
}

// header reads up to the line that says whether the state of learning follows.
func (f *file) header(l *lines) (resume bool, err error) {
	seen := false
	for {
		s, ok := l.next()
		if !ok {
			return false, modelfile.Formatf("cut off in its header")
		}
		if s == ":0" || s == ":1" {
			if f.bits < 0 || !seen || f.low != f.low || f.high != f.high {
				return false, modelfile.Formatf("a header without bits, labels or options")
			}
			return s == ":1", nil
		}
		key, value, colon := strings.Cut(s, ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.HasPrefix(s, "Version "):
			err = f.number(s)
		case colon && key == "Min label":
			f.low, err = l.label(value)
		case colon && key == "Max label":
			f.high, err = l.label(value)
		case colon && key == "bits":
			if f.bits, err = strconv.Atoi(value); err != nil || f.bits < 1 || f.bits > 61 {
				return false, l.errorf("bits:%.20q", value)
			}
		case colon && key == "options":
			f.options, seen = value, true
		case colon && key == "lda" && value != "0":
			err = modelfile.Unsupportedf("a model of topics (lda:%.20s); supported are linear models", value)
		case colon && (strings.HasSuffix(key, " ngram") || strings.HasSuffix(key, " skip")) && !strings.HasPrefix(key, "0 "):
			err = modelfile.Unsupportedf("n-grams and skips (%.40q); make such features yourself", s)
		case s == "Id" || strings.HasPrefix(s, "Id ") || colon && slices.Contains([]string{"lda", "0 ngram", "0 skip", "Checksum"}, key):
		case strings.HasPrefix(s, "event_sum ") || strings.HasPrefix(s, "action_sum "):
		default:
			err = modelfile.Unsupportedf("line %d, %.60q, is of no kind of model that is known here", l.at, s)
		}
		if err != nil {
			return false, err
		}
	}
}

// number reads the version.
func (f *file) number(s string) error {
	v := strings.TrimPrefix(s, "Version ")
	major, _, _ := strings.Cut(v, ".")
	f.version, _ = strconv.Atoi(major)
	if f.version != 8 && f.version != 9 {
		return modelfile.Unsupportedf("version %.20q of Vowpal Wabbit; supported are 8 and 9", v)
	}
	return nil
}

func (l *lines) label(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v-v != 0 {
		return 0, l.errorf("label %.20q", s)
	}
	return v, nil
}

// state reads the weights, and what of the state of learning stands before them.
func (f *file) state(l *lines, resume bool) error {
	for {
		s, ok := l.next()
		if !ok && len(l.rest) > 0 {
			return modelfile.Formatf("cut off after line %d", l.at)
		} else if !ok {
			return nil
		}
		w, ok := parseWeight(s)
		switch {
		case ok:
			if f.named = f.named || w.name != ""; f.bits <= maxBits && w.index>>f.bits != 0 {
				return l.errorf("index %d in a table of %d bits", w.index, f.bits)
			}
			f.weights = append(f.weights, w)
		case !resume || len(f.weights) > 0:
			return l.errorf("%.60q is no weight", s)
		default:
			if err := learning(s); err != nil {
				return err
			}
		}
	}
}

// learning refuses a state of learning that changes predictions.
func learning(s string) error {
	key, value, _ := strings.Cut(s, " ")
	neutral := map[string]float64{"l1_state": 0, "l2_state": 1}
	want, ok := neutral[key]
	if v, err := strconv.ParseFloat(value, 64); ok && (err != nil || v != want) {
		return modelfile.Unsupportedf("weights that regularisation is still to change (%.40q); save the model without --save_resume", s)
	}
	return nil
}

// parseWeight reads [name:]index:value, behind which may be what learning keeps of
// the weight.
func parseWeight(s string) (w weight, ok bool) {
	fields := strings.Fields(s)
	if len(fields) == 0 || strings.HasPrefix(s, " ") {
		return w, false
	}
	rest, value, ok := cutLast(fields[0])
	index := rest
	if name, last, named := cutLast(rest); named {
		if w.name, index = strings.Clone(name), last; name == "" {
			return w, false
		}
	}
	i, err := strconv.ParseUint(index, 10, 32)
	if !ok || err != nil {
		return w, false
	}
	for j, field := range append([]string{value}, fields[1:]...) {
		v, err := strconv.ParseFloat(field, 32)
		if err != nil || j == 0 && v-v != 0 || strings.ContainsAny(field, "_") {
			return w, false
		}
		if j == 0 {
			w.value = float32(v)
		}
	}
	w.index = uint32(i)
	return w, true
}

// cutLast cuts at the last colon.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
