package rulebook

import (
	"fmt"
	"time"
)

// Group is one that people chose to watch: the items that Items holds for, or the
// requests that Customers holds for, beside the rest. Whoever does not say, or does
// not grant to be asked, is in neither.
type Group struct {
	ID        string        `yaml:"id" check:"required,id"`
	Items     When          `yaml:"items"`
	Customers When          `yaml:"customers"`
	Tolerance float64       `yaml:"tolerance" check:"above=0,below=1"`
	Least     int           `yaml:"least" check:"min=10,max=10000"`
	Window    time.Duration `yaml:"window" check:"min=60,max=2678400"`
}

// OfItems tells whether it is a group of items.
func (g *Group) OfItems() bool { return g.Items.Condition != nil }

// Paths are all that the group reads of items or requests.
func (g *Group) Paths() []string {
	if g.OfItems() {
		return g.Items.Paths()
	}
	return g.Customers.Paths()
}

func (g *Group) defaults() {
	g.Tolerance, g.Least, g.Window = 0.8, 100, 24*time.Hour
}

// fair checks the groups.
func (f *rulesFile) fair(d *decoder, around surroundings) {
	unique(d, "fairness", f.Fairness, func(g Group) string { return g.ID })
	for i := range f.Fairness {
		g, at := &f.Fairness[i], fmt.Sprintf("fairness[%d]", i)
		items, customers := d.given(at+".items"), d.given(at+".customers")
		switch {
		case !d.sound(at):
		case items == customers:
			d.fault(at, "say either items or customers: what makes an item, or a request, one of the group")
		case items:
			d.compile(&g.Items, at+".items", around.options)
			around.reads(d, &g.Items, at+".items", "items")
		default:
			d.compile(&g.Customers, at+".customers", around.options)
			around.reads(d, &g.Customers, at+".customers", "customers")
		}
	}
}
