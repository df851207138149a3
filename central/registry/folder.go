// Package registry knows what may run: it checks the folder that people write a
// release in, assembles releases from it and from what was learned, and keeps
// every one with where its models came from.
//
// # The folder
//
//	slots.yaml rules.yaml features.yaml   as package rulebook reads them
//	offers.csv                            as package item reads it; the header alone means no offers
//	escrow.csv                            what each node may give away of an offer's budget
//
// All but the last must be there: without it no node shows what has a budget. Other .yaml, .yml, .csv and .json files are refused,
// since a misspelt name would be a rule that silently does not hold; anything
// else (a README) is let alone. The files go into a release as they are.
//
// NAME.wasm is a scorer file (package bundle): the model of the slots that say
// `model: NAME`, made elsewhere and not trained here. Its columns must be declared
// in features.yaml by name, with their scope and kind, and take from there what
// they read and for which purpose. It goes into a release as the bundle own/NAME,
// apart from what is learned, since the online role must not change it.
//
// # The store
//
// Artifacts lie in a folder under their digests. A release is its manifest, as
// it was or will be signed, in one SQL row with its artifacts and the lineage of
// its models: the ledger files that each was learned from. Rows are written
// after the artifacts are durable, so a release that Get gives is whole, until
// Sweep takes the artifacts of those that nobody needs any more; the row stays.
package registry

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	offersFile = "offers.csv"
	escrowFile = "escrow.csv"
)

// files are what a folder holds, in the order in which a release names them. The
// last may be missing.
var files = []string{"slots.yaml", "rules.yaml", "features.yaml", offersFile, escrowFile}

// maxFile bounds what is read of one file that people write.
const maxFile = 16 << 20

// limit is the most bytes of a file.
func limit(name string) int64 {
	if isScorer(name) {
		return bundle.MaxSize
	}
	return maxFile
}

// Folder is a release folder that was checked.
type Folder struct {
	Rulebook *rulebook.Rulebook
	Offers   []*wire.Offer

	manifest bundle.Manifest // of the models that are learned: all but when, and of which module
	shape    scoring.Shape
	own      map[string]own    // models that are not learned, by name
	bytes    map[string][]byte // by name, as they were written
}

// Check reads a release folder and checks all that can be checked without a
// network. Identifiers in offers are of the given scheme, which is the
// catalogue's. The error is rulebook.Faults, all of them, or that the folder
// can't be read.
func Check(dir string, scheme item.Scheme) (*Folder, error) {
	there, err := read(dir)
	if err != nil {
		return nil, fmt.Errorf("read release folder: %w; name a folder that holds %s", err, strings.Join(files[:len(files)-1], ", "))
	}
	return CheckFiles(there, scheme)
}

// CheckFiles is Check for a folder that came as its files, by their names. They
// are not copied.
func CheckFiles(there map[string][]byte, scheme item.Scheme) (*Folder, error) {
	f := &Folder{bytes: there}
	faults := complete(there)
	if len(faults) == 0 {
		faults = f.parse(scheme)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return f, nil
}

// Files are the files that were checked, by name, as they were written. Those of
// a release that was assembled have no scorer files any more.
func (f *Folder) Files() map[string][]byte { return maps.Clone(f.bytes) }

// read reads what could be a file of a release: of one that is too large, only
// so much that it shows.
func read(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	there := make(map[string][]byte)
	for _, e := range entries {
		name := e.Name()
		if !slices.Contains([]string{".yaml", ".yml", ".csv", ".json", scorerExt}, filepath.Ext(name)) {
			continue
		}
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		there[name], err = io.ReadAll(io.LimitReader(f, limit(name)+1))
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
	return there, nil
}

// complete checks that the files of a release are there, and no others.
func complete(there map[string][]byte) (faults rulebook.Faults) {
	for _, name := range slices.Sorted(maps.Keys(there)) {
		switch {
		case !slices.Contains(files, name) && !isScorer(name):
			faults = append(faults, rulebook.Fault{File: name, Problem: "is no file of a release; remove it, or give it one of the names " + strings.Join(files, ", ")})
		case int64(len(there[name])) > limit(name):
			faults = append(faults, rulebook.Fault{File: name, Problem: fmt.Sprintf("is larger than %d MiB", limit(name)>>20)})
		}
	}
	for _, name := range files {
		if _, ok := there[name]; !ok && name != escrowFile {
			faults = append(faults, rulebook.Fault{File: name, Problem: "is missing; every release folder has it"})
		}
	}
	return faults
}

// reserved are names that are no model's.
var reserved = map[string]string{
	rankingsName: "the rankings", embeddingsName: "the vectors of items", togetherName: "what says which items go together",
}

func (f *Folder) parse(scheme item.Scheme) (faults rulebook.Faults) {
	book, err := rulebook.Parse(rulebook.Files{
		Slots: f.bytes["slots.yaml"], Rules: f.bytes["rules.yaml"], Features: f.bytes["features.yaml"],
		Purpose: func(s string) bool { _, err := wire.ParsePurpose(s); return err == nil },
		Item:    scheme.Form,
	})
	if err != nil && !errors.As(err, &faults) {
		return rulebook.Faults{{File: "slots.yaml", Problem: err.Error()}}
	}
	faults = append(faults, f.parseOffers(scheme, book)...)
	faults = append(faults, f.parseEscrow()...)
	if book == nil {
		return faults
	}
	f.Rulebook = book
	for i, s := range book.Slots {
		if what := reserved[s.Model]; what != "" {
			faults = append(faults, rulebook.Fault{File: "slots.yaml", Path: fmt.Sprintf("slots[%d].model", i), Problem: s.Model + " is the name of " + what + "; choose another"})
		}
	}
	f.manifest = manifest(book)
	if f.shape, err = f.manifest.Shape(); err != nil {
		faults = append(faults, rulebook.Fault{File: "features.yaml", Problem: "makes no model: " + err.Error()})
	}
	return append(faults, f.scorers()...)
}

// Shape is what the models of this folder look like, and ColumnSet the name of
// their columns that decisions record.
func (f *Folder) Shape() scoring.Shape { return f.shape }

// ColumnSet names the columns, see bundle.Manifest.
func (f *Folder) ColumnSet() [8]byte { return f.manifest.ColumnSet() }

// Models are the names of the models that its slots score by and that are
// learned, sorted.
func (f *Folder) Models() (names []string) {
	for _, s := range f.Rulebook.Slots {
		if _, own := f.own[s.Model]; !own && !slices.Contains(names, s.Model) {
			names = append(names, s.Model)
		}
	}
	slices.Sort(names)
	return names
}

// manifest is that of a linear model over a rulebook's features: its columns in
// frame order, one head, with variance.
func manifest(book *rulebook.Rulebook) bundle.Manifest {
	m := bundle.Manifest{Family: bundle.FamilyLinear, Heads: []string{"reward"}, Variance: true}
	for _, scope := range []rulebook.Scope{rulebook.ContextScope, rulebook.ItemScope} {
		for _, kind := range []rulebook.FeatureKind{rulebook.Dense, rulebook.Hashed} {
			for _, x := range book.Features {
				if x.Scope == scope && x.Kind == kind {
					m.Columns = append(m.Columns, bundle.ColumnOf(&x, book.Hash))
				}
			}
		}
	}
	for _, c := range book.Crosses {
		m.Crosses = append(m.Crosses, c)
	}
	if slices.ContainsFunc(m.Columns, func(c bundle.Column) bool { return c.Kind == bundle.KindHashed }) {
		m.Bits = book.Bits
	}
	return m
}
