package rulebook

import (
	"maps"
	"slices"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// SavedGroup is what a name stands for in conditions: a list of single values, which
// $inGroup and $notInGroup take, or as GrowthBook writes saved groups a map of type
// list or condition, which $savedGroup takes, too.
type SavedGroup struct {
	Said condition.Value // as it was written
}

// groups checks each group by itself, so that a fault in it is told once and where it
// stands, and gives them to conditions. In the place of one with a fault stands an
// empty list.
func (f *rulesFile) groups(d *decoder) condition.Options {
	if len(f.Groups) == 0 {
		return condition.Options{}
	}
	o := condition.Options{Groups: map[string]condition.Value{}}
	for name, g := range f.Groups {
		o.Groups[name] = g.Said
	}
	for _, name := range slices.Sorted(maps.Keys(f.Groups)) {
		at := join("groups", name)
		if !idText.MatchString(name) {
			d.fault(at, "its name must be 1 to 64 of a-z 0-9 _ . -, not starting with a sign")
		} else if d.sound(at) {
			d.compileAt(at, use(name, f.Groups[name].Said), o)
		}
	}
	for name := range f.Groups {
		if !d.sound(join("groups", name)) {
			o.Groups[name] = condition.List(nil)
		}
	}
	return o
}

// use is the shortest condition that a group must be fit for.
func use(name string, g condition.Value) condition.Value {
	object := func(key string, v condition.Value) condition.Value {
		return condition.Object([]string{key}, []condition.Value{v})
	}
	if g.Lookup("condition").Equal(condition.Value{}) {
		return object("group", object("$inGroup", condition.Text(name)))
	}
	return object("$savedGroup", object("id", condition.Text(name)))
}

// compileAt reports the faults of a condition at one path, where those that led to
// it are not written.
func (d *decoder) compileAt(at string, v condition.Value, o condition.Options) {
	_, err := condition.Compile(v, o)
	if faults, ok := err.(condition.Faults); ok {
		for _, f := range faults {
			d.fault(at, f.Problem)
		}
	}
}
