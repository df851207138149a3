package rulebook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with a file.
type Fault struct {
	File    string
	Line    int    // from 1; 0: the file as a whole
	Path    string // such as slots[0].policy.epsilon
	Problem string // what is wrong, and what to write where that is not plain
}

// Faults are all faults of a rulebook, by file and line.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// String is file:line: path: problem.
func (f Fault) String() string {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	if f.Path == "" {
		return where + ": " + f.Problem
	}
	return where + ": " + f.Path + ": " + f.Problem
}

func (d *decoder) sorted() Faults {
	slices.SortStableFunc(d.faults, func(a, b Fault) int { // slots, rules, features
		return cmp.Or(cmp.Compare(b.File, a.File), cmp.Compare(a.Line, b.Line))
	})
	return d.faults
}

// maxFaults: whoever has more reads them in turns.
const maxFaults = 100

// fault reports a problem at path, or at the nearest thing above it that was
// written.
func (d *decoder) fault(path, problem string) {
	if len(d.faults) == maxFaults {
		return
	}
	above := path
	line := d.lines[d.name][above]
	for line == 0 && above != "" {
		above = above[:max(0, strings.LastIndexAny(above, ".["))]
		line = d.lines[d.name][above]
	}
	d.faults = append(d.faults, Fault{d.name, line, path, problem})
}

// sound tells whether all at and below path could be read, so that what is said
// of it as a whole is not the echo of a fault already told.
func (d *decoder) sound(path string) bool {
	return !slices.ContainsFunc(d.faults, func(f Fault) bool {
		return f.File == d.name && strings.HasPrefix(f.Path, path)
	})
}

// unique reports every element of the list at path that has the key of one
// before it.
func unique[T any](d *decoder, path string, list []T, key func(T) string) {
	seen := make(map[string]bool, len(list))
	for i, e := range list {
		k := key(e)
		if seen[k] && k != "" {
			d.fault(fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%.64q is there twice", k))
		}
		seen[k] = true
	}
}
