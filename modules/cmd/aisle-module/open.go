package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// Kinds of files.
const (
	kindScorer = "scorer"
	kindBundle = "bundle"
	kindModule = "module"
)

// file is a scorer, a bundle, or a bare module, whose bundle has a module and
// nothing else.
type file struct {
	kind, name string
	size       int
	code       []byte // of the module that runs
	*bundle.Bundle
}

// errKind is returned for a file that is none of those.
var errKind = errors.New("neither a scorer file, a bundle nor a WebAssembly module")

// open reads a file and makes its module, where an emitter does.
func open(name string) (*file, error) {
	b, err := read(name, bundle.MaxSize)
	if err != nil {
		return nil, err
	}
	f := &file{name: name, size: len(b)}
	switch {
	case bytes.HasPrefix(b, []byte("AISLEBN")):
		f.kind = kindBundle
		f.Bundle, err = bundle.Open(b)
	case isScorer(b):
		f.kind = kindScorer
		f.Bundle, err = bundle.Extract(b)
	case bytes.HasPrefix(b, wasmMagic):
		f.kind, f.code = kindModule, b
		f.Bundle = &bundle.Bundle{Parts: bundle.Parts{Module: b}}
		return f, nil
	default:
		return nil, fmt.Errorf("%s is %w%s", name, errKind, hint(b))
	}
	if err == nil {
		f.code, err = compile.Module(f.Bundle)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; make the file again", name, err)
	}
	return f, nil
}

var wasmMagic = []byte("\x00asm")

// isScorer tells a scorer file from other modules: by its manifest.
func isScorer(b []byte) bool {
	return bytes.HasPrefix(b, wasmMagic) && bytes.Contains(b, []byte("\x0eaisle.manifest"))
}

// hint says what to do with a file that is something else.
func hint(b []byte) string {
	if modelfile.Detect(b) != "" {
		return ", but a model file; make a scorer of it with `aisle-module compile`"
	}
	return "; make a scorer of a model file with `aisle-module compile`, or of a guest with `aisle-module meter`"
}

// openScorer opens what can score: anything but a bare module.
func openScorer(name string) (*file, error) {
	f, err := open(name)
	if err != nil {
		return nil, terminal.Wrong(err)
	}
	if f.kind == kindModule {
		return nil, terminal.Wrongf("%s is a module without a manifest, so nobody knows its columns; make a scorer file of it with `aisle-module meter %s --manifest manifest.json -o scorer.wasm`", name, name)
	}
	return f, nil
}
