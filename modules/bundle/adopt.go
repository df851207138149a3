package bundle

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// ColumnOf is the column that a feature declares.
func ColumnOf(f *rulebook.Feature, hash rulebook.Hash) Column {
	c := Column{Name: f.Name, Scope: string(f.Scope), Kind: string(f.Kind), Source: f.Source, Purpose: f.Purpose}
	if f.Kind == rulebook.Hashed {
		c.Hash = string(hash)
		return c
	}
	c.Transform, c.Scale, c.Offset = string(f.Transform), f.Scale, f.Offset
	return c
}

// Misfit is a column that is not as features.yaml declares it, and what to do.
type Misfit struct{ Column, Problem string }

// Adopt makes each column what features.yaml declares under its name: who makes
// a model elsewhere knows names, scopes and kinds, and not always where a node
// finds the values. What the column does say must be the same there.
func (m *Manifest) Adopt(book *rulebook.Rulebook) (misfits []Misfit) {
	columns := slices.Clone(m.Columns)
	for i, c := range columns {
		at := slices.IndexFunc(book.Features, func(f rulebook.Feature) bool { return f.Name == c.Name })
		if at < 0 {
			misfits = append(misfits, Misfit{c.Name, "is not declared in features.yaml; declare there what it reads, or make the model without it"})
			continue
		}
		declared := ColumnOf(&book.Features[at], book.Hash)
		if declared.Hash != "" && scoring.Named(c.Hash) { // ids are those that it was trained with
			declared.Hash = c.Hash
		}
		if problem := c.unlike(declared); problem != "" {
			misfits = append(misfits, Misfit{c.Name, problem})
			continue
		}
		declared.Feature = c.Feature
		columns[i] = declared
	}
	if len(misfits) == 0 {
		m.Columns = columns
	}
	return misfits
}

// unlike is what a column says otherwise than its declaration, "" for nothing.
func (c Column) unlike(declared Column) string {
	differ := func(what, model, features string) string {
		return fmt.Sprintf("%s %s by the model and %s by features.yaml; correct one of them", what, model, features)
	}
	plain := func(c Column) string {
		return fmt.Sprintf("%s, scale %v, offset %v", cmp.Or(c.Transform, string(rulebook.Plain)), cmp.Or(c.Scale, 1), c.Offset)
	}
	switch {
	case c.Scope != declared.Scope || c.Kind != declared.Kind:
		return differ("is", c.Scope+" "+c.Kind, declared.Scope+" "+declared.Kind)
	case c.Hash != declared.Hash:
		return differ("is hashed by", c.Hash, declared.Hash)
	case c.Source != "" && c.Source != declared.Source:
		return differ("reads", c.Source, declared.Source)
	case c.Purpose != "" && c.Purpose != declared.Purpose:
		return differ("is for the purpose", c.Purpose, cmp.Or(declared.Purpose, "none"))
	case (c.Transform != "" || c.Scale != 0 || c.Offset != 0) && plain(c) != plain(declared):
		return differ("is transformed by", plain(c), plain(declared))
	}
	return ""
}
