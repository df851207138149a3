package condition

import "strings"

// Fault is one thing wrong with a condition.
type Fault struct {
	Path    string // such as $or[1].profile.age.$gte; empty: the condition as a whole
	Problem string // what is wrong, and what to write where that is not plain
}

// Faults are all faults of a condition in the order of its text.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = "condition: " + fault.Problem
		if fault.Path != "" {
			lines[i] = "condition: " + fault.Path + ": " + fault.Problem
		}
	}
	return strings.Join(lines, "\n")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
