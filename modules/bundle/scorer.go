package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Sections of a scorer file, in the order in which they end it.
const (
	sectionManifest = "aisle.manifest"
	sectionModel    = "aisle.model"
	sectionGolden   = "aisle.golden"
)

const wasmHeader = "\x00asm\x01\x00\x00\x00"

// Embed writes a manifest and its parts, the module among them, as a scorer
// file, or returns ErrBundle.
func Embed(b *Bundle) ([]byte, error) {
	manifest, err := json.Marshal(b.Manifest)
	if err != nil {
		return nil, fmt.Errorf("embed bundle: %w", err)
	}
	out := bytes.Clone(b.Module)
	out = appendCustom(out, sectionManifest, manifest)
	if len(b.Model) > 0 {
		out = appendCustom(out, sectionModel, b.Model)
	}
	var golden []byte
	for _, v := range b.Golden {
		golden = v.append(golden)
	}
	out = appendCustom(out, sectionGolden, golden)
	if _, err := Extract(out); err != nil {
		return nil, fmt.Errorf("embed bundle: %w", err)
	}
	return out, nil
}

// Extract reads a scorer file, or returns ErrBundle: its parts are views of it.
// What the module itself holds is for meter.Check to judge.
func Extract(wasm []byte) (*Bundle, error) {
	if len(wasm) > MaxSize || !bytes.HasPrefix(wasm, []byte(wasmHeader)) {
		return nil, fmt.Errorf("%w: no WebAssembly module of at most 64 MiB", ErrBundle)
	}
	at, err := moduleEnd(wasm)
	if err != nil {
		return nil, err
	}
	out := &Bundle{Digest: sha256.Sum256(wasm), Parts: Parts{Module: wasm[:at:at]}}
	out.Sealed, at, _ = custom(wasm, at, sectionManifest)
	if out.Manifest, err = parseManifest(out.Sealed); err != nil {
		return nil, err
	}
	if model, next, ok := custom(wasm, at, sectionModel); ok && len(model) > 0 {
		out.Model, at = model, next
	}
	golden, at, ok := custom(wasm, at, sectionGolden)
	if !ok || at != len(wasm) {
		return nil, fmt.Errorf("%w: it does not end with the section %s", ErrBundle, sectionGolden)
	}
	if out.Golden, err = parseVectors(golden); err != nil {
		return nil, err
	}
	if m := out.Manifest; m.Emitter == "" && m.Family != FamilyOwn {
		return nil, fmt.Errorf("%w: a module of family %q names the emitter that makes it; one of your own is of family %q", ErrBundle, m.Family, FamilyOwn)
	}
	return out, out.agree()
}

// moduleEnd is where the sections of the module end and the manifest begins.
func moduleEnd(wasm []byte) (int, error) {
	at := len(wasmHeader)
	for at < len(wasm) {
		if _, _, ok := custom(wasm, at, sectionManifest); ok {
			return at, nil
		}
		_, next, ok := section(wasm, at)
		if !ok {
			return 0, fmt.Errorf("%w: a section of the module is cut off", ErrBundle)
		}
		at = next
	}
	return 0, fmt.Errorf("%w: a bare module, without the section %s", ErrBundle, sectionManifest)
}

// section is what the section at a place holds, and where the next one begins.
func section(wasm []byte, at int) (content []byte, next int, ok bool) {
	if at >= len(wasm) {
		return nil, 0, false
	}
	size, n := binary.Uvarint(wasm[at+1:])
	at += 1 + n
	if n <= 0 || size > uint64(len(wasm)-at) {
		return nil, 0, false
	}
	next = at + int(size)
	return wasm[at:next:next], next, true
}

// custom is what the custom section of the name holds that is at a place,
// written as appendCustom does: the same content has one way to be written.
func custom(wasm []byte, at int, name string) (content []byte, next int, ok bool) {
	content, next, ok = section(wasm, at)
	if !ok || wasm[at] != 0 || len(content) <= len(name) || int(content[0]) != len(name) || string(content[1:1+len(name)]) != name {
		return nil, 0, false
	}
	if next-at != 1+len(binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64), uint64(len(content))))+len(content) {
		return nil, 0, false
	}
	return content[1+len(name):], next, true
}

// appendCustom appends a custom section, whose name is shorter than 128 bytes.
func appendCustom(dst []byte, name string, b []byte) []byte {
	dst = binary.AppendUvarint(append(dst, 0), uint64(1+len(name)+len(b)))
	return append(append(append(dst, byte(len(name))), name...), b...)
}
