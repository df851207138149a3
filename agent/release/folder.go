package release

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
)

// ReadFolder reads the files of a release from a folder, for Keeper.Use: those
// that people write, scorer files, and what lies in its folder model.
func ReadFolder(dir string) (map[string][]byte, error) {
	names := []string{"slots.yaml", "rules.yaml", "features.yaml", "offers.csv", "escrow.csv"}
	for folder, is := range map[string]func(name string) bool{
		"":      func(name string) bool { return filepath.Ext(name) == scorerExt },
		"model": func(string) bool { return true },
	} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read release folder: %w", err)
		}
		for _, e := range entries {
			if is(e.Name()) {
				names = append(names, path.Join(folder, e.Name()))
			}
		}
	}
	files := map[string][]byte{}
	for _, name := range names {
		if err := readInto(files, dir, name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func readInto(files map[string][]byte, dir, name string) error {
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read release folder: %w", err)
	}
	if err == nil {
		files[name] = b
	}
	return nil
}

// Use makes files, by their names in a release, what a node of its own runs. They
// are not signed by anybody: ErrEnrolled on a node that has a hub. On any error
// what ran goes on.
func (k *Keeper) Use(files map[string][]byte) error {
	if k.opt.Trust != nil {
		return ErrEnrolled
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.files
	k.files = maps.Clone(files)
	if err := k.reload(); err != nil {
		k.files = before
		return err
	}
	return nil
}

// reload loads the files that Use gave.
func (k *Keeper) reload() error {
	s := source{engine: k.opt.Engine, scheme: k.opt.Scheme, skip: k.state.bans, read: func(name string) ([]byte, error) { return k.files[name], nil }}
	a, err := k.ready(s.load(nil))
	if err != nil {
		return err
	}
	a.ID, a.CreatedMs = "folder", k.opt.Now()
	return k.swap(a)
}
