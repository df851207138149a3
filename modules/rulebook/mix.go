package rulebook

import (
	"strings"
	"time"
)

// Mix spreads a list over the tastes of who it is for, in proportion: what they
// bought is split into groups of what is bought together, and each position is
// drawn from one group's candidates. Without the purpose, or without purchases
// that the release has vectors of, nothing is mixed.
type Mix struct {
	Personas int           `yaml:"personas" check:"min=2,max=4"` // the most groups
	Source   string        `yaml:"source" check:"required"`      // profile.purchases, or profile.<field> of a list of item ids, once for each time one was bought
	Purpose  string        `yaml:"purpose" check:"required"`     // that the field is read for, besides the slot's own
	TTL      time.Duration `yaml:"ttl" check:"above=0"`          // of the field; default: no end
}

func (m *Mix) defaults() { m.Personas = 3 }

// Field is the field of a person that is read.
func (m *Mix) Field() string { return strings.TrimPrefix(m.Source, "profile.") }

func (m *Mix) validate(d *decoder, at string, around surroundings) {
	field, ok := strings.CutPrefix(m.Source, "profile.")
	if (!ok || field == "" || strings.TrimSpace(field) != field) && d.sound(at+".source") {
		d.fault(at+".source", "must be profile. and the name of a field, such as profile.purchases")
	}
	if !around.purpose(m.Purpose) && d.sound(at+".purpose") {
		d.fault(at+".purpose", "is no known purpose; use one of those that people grant, such as personalised_content")
	}
}

// Diversity keeps a list from repeating itself: before each position the means of
// those near the top lose by how like each is to what stands above.
type Diversity struct {
	MMR float64 `yaml:"mmr" check:"required,above=0,max=1"` // weight of the mean; the rest is for being unlike
}

// Embeds tells whether anything in the rulebook is worked out from the vectors of
// items, which a release then carries.
func (r *Rulebook) Embeds() bool {
	for i := range r.Slots {
		if r.Slots[i].Mix != nil || r.Slots[i].Diversity != nil {
			return true
		}
	}
	return false
}
