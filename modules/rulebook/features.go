package rulebook

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

type featuresFile struct {
	Version  int          `yaml:"version" check:"required,min=0,max=0"`
	Context  []ContextKey `yaml:"context" check:"max=256"` // default: what features read, of any type
	Features []Feature    `yaml:"features" check:"required,max=256"`
	Crosses  []Cross      `yaml:"crosses" check:"max=256"`
	Bits     int          `yaml:"bits" check:"min=8,max=22"`
	Hash     Hash         `yaml:"hash" check:"enum=xx64|vw"`
	Words    []Words      `yaml:"words" check:"max=32"` // of reasons, in languages besides English and German, or instead of ours
}

func (f *featuresFile) defaults() { f.Bits, f.Hash = 16, XX64 }

// Feature is a column of the frame a model scores.
type Feature struct {
	Name      string        `yaml:"name" check:"required,id"`
	Scope     Scope         `yaml:"scope" check:"required,enum=context|item"`
	Kind      FeatureKind   `yaml:"kind" check:"required,enum=dense|hashed"`
	Source    string        `yaml:"source" check:"required,min=1,max=128"`
	Purpose   string        `yaml:"purpose" check:"min=1,max=128"` // needed to read it; empty: no person's
	Owner     string        `yaml:"owner" check:"max=128"`
	TTL       time.Duration `yaml:"ttl" check:"above=0"` // 0: no end
	Transform Transform     `yaml:"transform" check:"enum=none|log1p"`
	Scale     float64       `yaml:"scale"` // dense: transform(value)·Scale + Offset
	Offset    float64       `yaml:"offset"`

	Text Texts `yaml:"text"` // what people call it, by language, as "the weather"; default: its name
}

func (f *Feature) defaults() { f.Transform, f.Scale = Plain, 1 }

// Scope says whether a feature has one value a request or one a candidate.
type Scope string

const (
	ContextScope Scope = "context"
	ItemScope    Scope = "item"
)

// FeatureKind says whether a value is a number or a name to be hashed.
type FeatureKind string

const (
	Dense  FeatureKind = "dense"
	Hashed FeatureKind = "hashed"
)

// Transform is applied to a dense value before scale and offset.
type Transform string

const (
	Plain Transform = "none"
	Log1p Transform = "log1p"
)

// Hash turns a categorical value into an id.
type Hash string

const (
	XX64 Hash = "xx64"
	VW   Hash = "vw"
)

// Cross joins two hashed features into one; at least one of them is an item's.
type Cross [2]string

func (f *featuresFile) validate(d *decoder, purpose func(string) bool) {
	unique(d, "features", f.Features, func(f Feature) string { return f.Name })
	for i := range f.Features {
		if at := fmt.Sprintf("features[%d]", i); d.sound(at + ".") {
			f.Features[i].validate(d, at, purpose)
		}
	}
	f.validateContext(d)
	f.validateWords(d)
	unique(d, "crosses", f.Crosses, func(c Cross) string { return min(c[0], c[1]) + " x " + max(c[0], c[1]) })
	for i, c := range f.Crosses {
		if at := fmt.Sprintf("crosses[%d]", i); d.sound(at) {
			f.validateCross(d, at, c)
		}
	}
}

// declares tells whether a field of a person may be read by anything.
func (f *featuresFile) declares(field string) bool {
	return slices.ContainsFunc(f.Features, func(f Feature) bool { return f.Source == "profile."+field })
}

func (f *Feature) validate(d *decoder, at string, purpose func(string) bool) {
	origin, key, _ := strings.Cut(f.Source, ".")
	problem := f.sourceProblem(origin, key)
	if problem != "" {
		d.fault(at+".source", problem)
	}
	switch {
	case problem == "" && f.Purpose == "" && (origin == "profile" || OfPurchases(f.Source)):
		d.fault(at, "what is known of a person needs the purpose it is read for")
	case f.Purpose != "" && !purpose(f.Purpose):
		d.fault(at+".purpose", "is no known purpose; use one of those that people grant, such as personalised_content")
	}
	f.validateNumbers(d, at)
	if f.Kind == Hashed {
		for _, key := range []string{"transform", "scale", "offset"} {
			if d.given(at + "." + key) {
				d.fault(at+"."+key, "is for kind dense only; remove it")
			}
		}
	}
}

// validateNumbers keeps values apart, and within what a float32 can hold.
func (f *Feature) validateNumbers(d *decoder, at string) {
	switch size := math.Abs(f.Scale); {
	case f.Scale == 0:
		d.fault(at+".scale", "makes every value the same; write another than 0, or remove the feature")
	case size < smallest || size > largest:
		d.fault(at+".scale", fmt.Sprintf("must be from %v to %v in size; choose it so that values are about 1", smallest, largest))
	}
	if math.Abs(f.Offset) > largest {
		d.fault(at+".offset", fmt.Sprintf("must be at most %v in size; choose it so that values are about 0", largest))
	}
}

// What numbers that people choose may be in size: beyond it a float32, or a score that
// is made of some, has no digits left for what differs.
const (
	smallest = 1e-12
	largest  = 1e12
)

func (f *featuresFile) validateCross(d *decoder, at string, c Cross) {
	item := false
	for j, name := range c {
		i := slices.IndexFunc(f.Features, func(f Feature) bool { return f.Name == name })
		switch {
		case i < 0:
			d.fault(fmt.Sprintf("%s[%d]", at, j), "there is no feature of this name")
			return
		case f.Features[i].Kind != Hashed:
			d.fault(fmt.Sprintf("%s[%d]", at, j), "only hashed features can be crossed")
		case f.Features[i].Scope == ItemScope:
			item = true
		}
	}
	if c[0] == c[1] || !item {
		d.fault(at, "must cross two features, at least one of them an item's, or all candidates get the same")
	}
}
