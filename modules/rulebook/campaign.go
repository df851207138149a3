package rulebook

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// Campaign is what of an offer refers to the rulebook.
type Campaign struct {
	Slot      string // "": any
	Condition string // JSON, of package condition; "": none
	List      string // the field of a person whose list says who has the offer; "": none
}

// CheckCampaign compiles an offer's condition, nil for none, or says which column of
// offers.csv is wrong, and why.
func (b *Rulebook) CheckCampaign(o Campaign) (c *condition.Condition, column string, err error) {
	if o.Slot != "" && b.Slot(o.Slot) == nil {
		return nil, "slot", errors.New("slots.yaml has no slot of this name")
	}
	if o.List != "" && !b.declares(o.List) {
		return nil, "cadence", errors.New("is of a field that features.yaml does not declare; give it a feature with source profile.<field> and its purpose")
	}
	if o.Condition == "" {
		return nil, "", nil
	}
	if c, err = condition.Parse([]byte(o.Condition), b.Groups); err != nil {
		return nil, "condition", inLine(err)
	}
	for _, path := range c.Paths() {
		if problem := problemOf(path, b.declares); problem != "" {
			return nil, "condition", fmt.Errorf("%.64s %s", path, problem)
		}
	}
	if problem := cmp.Or(textAsTruth(c), never(c)); problem != "" {
		return nil, "condition", errors.New(problem)
	}
	return c, "", nil
}

// inLine tells all faults of a condition as a cell of a row has them.
func inLine(err error) error {
	return errors.New(strings.ReplaceAll(strings.ReplaceAll(err.Error(), "\ncondition: ", "; "), "condition: ", ""))
}

// declares tells whether anything may read a field of a person.
func (b *Rulebook) declares(field string) bool {
	return slices.ContainsFunc(b.Features, func(f Feature) bool { return f.Source == "profile."+field })
}
