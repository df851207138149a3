package condition

import "slices"

// Condition is a compiled condition. It does not change; any number of
// goroutines may evaluate it.
type Condition struct {
	conjuncts []node // all must hold
	paths     []string
}

// Options say how a condition is read. The zero value is for what people write.
type Options struct {
	// Groups by name are lists of single values, or as GrowthBook writes them
	// {"type": "list", "attributeKey": path, "values": list} and
	// {"type": "condition", "condition": condition}. $inGroup and $notInGroup
	// take those of values, $savedGroup takes the two written out.
	Groups map[string]Value

	// Lenient evaluates as GrowthBook's SDKs do what is a fault otherwise: an
	// operator that does not exist, an operand of another type and a pattern
	// that can't be compiled are false, a group that does not exist is empty,
	// and a key such as $groups where a path belongs is a path.
	Lenient bool

	// Form writes a text that the value of a path is compared with as such values are
	// written; nil: all stay as they are. Patterns, orders and versions do anyway.
	Form func(path, text string) string
}

// Parse compiles the condition that a JSON text says. Its error is [Faults].
func Parse(b []byte, o Options) (*Condition, error) {
	v, err := Decode(b)
	if err != nil {
		return nil, Faults{{"", err.Error()}}
	}
	return Compile(v, o)
}

// Compile compiles a condition that was decoded already, from JSON or from
// another format with the same values. Its error is [Faults], whose paths lead
// through v.
func Compile(v Value, o Options) (*Condition, error) {
	c := compiler{Options: o}
	c.measure(v, 0)
	if c.faults != nil {
		return nil, c.faults
	}
	conjuncts := c.fields(v, "", false)
	if c.faults != nil {
		return nil, c.faults
	}
	if c.Form != nil {
		c.formAll(conjuncts)
	}
	return &Condition{conjuncts, c.paths}, nil
}

// Paths are the paths that the condition reads, each once.
func (c *Condition) Paths() []string { return slices.Clone(c.paths) }

// Always tells that the condition holds whatever the values are, since it
// demands nothing.
func (c *Condition) Always() bool { return len(c.conjuncts) == 0 }
