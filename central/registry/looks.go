package registry

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Look is something new that models of a folder may look at. Where it is of a
// person it has a purpose, and is for those to see who answer for privacy.
type Look struct {
	Feature string
	Source  string
	Purpose string // "": of no person
	Was     string // the source and purpose it had; "": there was no such feature
}

// Looks are the features of a folder that another, nil for none, does not have, or
// has of another source or purpose.
func (f *Folder) Looks(was *Folder) (all []Look) {
	for _, x := range f.Rulebook.Features {
		one := Look{Feature: x.Name, Source: x.Source, Purpose: x.Purpose}
		if was != nil {
			i := slices.IndexFunc(was.Rulebook.Features, func(o rulebook.Feature) bool { return o.Name == x.Name })
			if i >= 0 {
				o := &was.Rulebook.Features[i]
				if o.Source == x.Source && o.Purpose == x.Purpose {
					continue
				}
				one.Was = o.Source
				if o.Purpose != "" {
					one.Was += " for " + o.Purpose
				}
			}
		}
		all = append(all, one)
	}
	return all
}
