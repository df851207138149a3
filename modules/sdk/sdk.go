// Package sdk begins scoring modules of one's own in Go, Rust, C and
// AssemblyScript. Beside it lies what such a module is built with: one file a
// language, for Go package guest. A project that it writes is whole: it builds
// with the language's ordinary toolchain and nothing from here.
package sdk

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aisle-edge/aisle/modules"
)

var (
	// ErrLanguage is returned for a language that New does not know.
	ErrLanguage = errors.New("unknown language: go, rust, c or assemblyscript")
	// ErrName is returned for a name that no model can have.
	ErrName = errors.New("a name is of small letters, digits, dots, dashes and underscores, and begins with a letter or digit")
	// ErrOccupied is returned for a folder that holds something already.
	ErrOccupied = errors.New("the folder is not empty: name another one")
)

// Languages are what New knows.
func Languages() []string { return []string{"go", "rust", "c", "assemblyscript"} }

// New writes a project of the language into a folder that is not there yet or
// is empty. Its README says how to build guest.wasm: by one command.
func New(lang, dir, name string) error {
	files, err := project(lang)
	if err != nil {
		return err
	}
	if !nameText.MatchString(name) {
		return fmt.Errorf("%w, unlike %q", ErrName, name)
	}
	if err := vacant(dir); err != nil {
		return err
	}
	for to, b := range files {
		to = filepath.Join(dir, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("begin project: %w", err)
		}
		if err := os.WriteFile(to, bytes.ReplaceAll(b, []byte("__NAME__"), []byte(name)), 0o644); err != nil {
			return fmt.Errorf("begin project: %w", err)
		}
	}
	return nil
}

var nameText = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("begin project: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%w: %s", ErrOccupied, dir)
	}
	return nil
}

//go:embed template
//go:embed go rust c assemblyscript
var own embed.FS

// project is the files of a project by where they go.
func project(lang string) (files map[string][]byte, err error) {
	from := map[string][]string{
		"go":             {},
		"rust":           {"rust/aisle.rs"},
		"c":              {"c/aisle.h"},
		"assemblyscript": {"assemblyscript/aisle.ts"},
	}[lang]
	if from == nil {
		return nil, fmt.Errorf("%w, not %q", ErrLanguage, lang)
	}
	files = map[string][]byte{}
	for _, root := range append(from, lang+"/README.md", lang+"/template", "template") {
		err = errors.Join(err, add(files, own, root, "."))
	}
	if lang == "go" {
		err = errors.Join(err, add(files, modules.Guest, ".", "aisle/modules"))
		files["aisle/go.mod"] = []byte("module github.com/aisle-edge/aisle\n\ngo 1.24\n")
	}
	return files, err
}

// add takes a file, or a folder's content. Tests stay behind; go.mod travels as
// go.mod.txt, because a folder with a go.mod can't be embedded.
func add(files map[string][]byte, from fs.FS, root, to string) error {
	return fs.WalkDir(from, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		place := strings.TrimPrefix(strings.TrimPrefix(name, root), "/")
		if place == "" {
			place = path.Base(name)
		}
		files[path.Join(to, strings.TrimSuffix(place, ".txt"))], err = fs.ReadFile(from, name)
		return err
	})
}
