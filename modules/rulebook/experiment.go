package rulebook

import (
	"fmt"
	"math"

	"github.com/aisle-edge/aisle/modules/assign"
)

// Experiment splits a slot's decisions over arms by the hash of a unit.
type Experiment struct {
	ID   string `yaml:"id" check:"required,id"`
	Seed string `yaml:"seed" check:"min=1,max=64"` // default: the id
	Unit Unit   `yaml:"unit" check:"enum=event|session|profile"`
	Arms []Arm  `yaml:"arms" check:"required,min=2,max=16"` // maxArms
}

func (e *Experiment) defaults() { e.Unit = ByEvent }

// Arm is the arm that a unit is in. It does not allocate.
func (e *Experiment) Arm(unit string) Arm {
	var shares [maxArms]float64
	for i, a := range e.Arms {
		shares[i] = a.Share
	}
	return e.Arms[assign.Arm(e.Seed, unit, shares[:len(e.Arms)])]
}

const maxArms = 16

// Unit is what stays in one arm; where it is not known the next finer one counts.
type Unit string

const (
	ByEvent   Unit = "event"
	BySession Unit = "session"
	ByProfile Unit = "profile"
)

// Arm is one way of an experiment. Shares are multiples of 1/10000, the grain of
// the hash, and sum to 1.
type Arm struct {
	ID     string    `yaml:"id" check:"required,id"`
	Share  float64   `yaml:"share" check:"required,above=0,max=1"`
	Policy ArmPolicy `yaml:"policy" check:"required,enum=learned|fixed|uniform"`
}

// ArmPolicy says what an arm draws by.
type ArmPolicy string

const (
	Learned ArmPolicy = "learned" // the slot's policy over the model's scores
	Fixed   ArmPolicy = "fixed"   // the first allowed of the slot's ranking
	Uniform ArmPolicy = "uniform" // any allowed, all alike
)

func (e *Experiment) validate(d *decoder, at string) {
	if e.Seed == "" {
		e.Seed = e.ID
	}
	unique(d, at+".arms", e.Arms, func(a Arm) string { return a.ID })
	grains := 0.0
	for i, a := range e.Arms {
		n := math.Round(a.Share * 10_000)
		if math.Abs(float64(a.Share*10_000)-n) > 1e-6 {
			d.fault(fmt.Sprintf("%s.arms[%d].share", at, i), "is no multiple of 0.0001")
		}
		grains += n
	}
	if grains != 10_000 {
		d.fault(at+".arms", fmt.Sprintf("shares sum to %v; they must sum to 1", grains/10_000))
	}
}
