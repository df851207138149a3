package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// compiling is one call of the compiler.
type compiling struct {
	key string // of all it reads
	out string // what it writes
	id  string // what the go command wants named in it
}

var errNotKept = errors.New("no compilation whose output is kept")

// readCall reads a call of the compiler. One with a flag not known here, or with
// a source below dir, where the broken lines are, isn't kept.
func readCall(dir string, tool []string) (compiling, error) {
	if strings.TrimSuffix(filepath.Base(tool[0]), ".exe") != "compile" {
		return compiling{}, errNotKept
	}
	var c compiling
	key := sha256.New()
	fmt.Fprintln(key, tool[0])
	for _, name := range [...]string{"GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOWASM", "GOEXPERIMENT", "GODEBUG"} {
		fmt.Fprintf(key, "%s=%s\n", name, os.Getenv(name))
	}
	for args := tool[1:]; len(args) > 0; args = args[1:] {
		flag, value, joined := strings.Cut(args[0], "=")
		if takesValue[flag] && !joined && len(args) > 1 {
			value, args = args[1], args[1:]
		}
		if err := c.take(key, dir, flag, value); err != nil {
			return c, err
		}
	}
	if c.key = hex.EncodeToString(key.Sum(nil)); c.out == "" || c.id == "" {
		return c, errNotKept
	}
	return c, nil
}

var takesValue = map[string]bool{"-o": true, "-p": true, "-trimpath": true, "-buildid": true, "-goversion": true,
	"-importcfg": true, "-embedcfg": true}

func (c *compiling) take(key hash.Hash, dir, flag, value string) error {
	// The go command builds each package in a folder that is named otherwise each time.
	plain := func(s string) string { return strings.ReplaceAll(s, filepath.Dir(c.out), "WORK") }
	switch flag {
	case "-o":
		c.out = value
	case "-buildid":
		c.id = value
	case "-c": // how much at once, which changes nothing
	case "-importcfg":
		return hashImports(key, value)
	case "-embedcfg":
		return hashEmbedded(key, value)
	case "-p", "-trimpath", "-lang", "-goversion", "-std", "-complete", "-nolocalimports", "-pack", "-dwarf":
		fmt.Fprintf(key, "%s %s\n", flag, plain(value))
	default:
		if strings.HasPrefix(flag, "-") || strings.HasPrefix(flag, "@") || strings.HasPrefix(flag, dir) || value != "" {
			return errNotKept
		}
		return hashFile(key, flag, plain(flag))
	}
	return nil
}

func hashFile(key hash.Hash, file, name string) error {
	b, err := os.ReadFile(file)
	fmt.Fprintf(key, "%s %x\n", name, sha256.Sum256(b))
	return err
}

// hashEmbedded takes in what the sources embed, and under which names.
func hashEmbedded(key hash.Hash, config string) error {
	var embedded struct {
		Patterns map[string][]string
		Files    map[string]string
	}
	b, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &embedded); err != nil {
		return err
	}
	fmt.Fprintln(key, embedded.Patterns) // maps are printed in the order of their keys
	for _, name := range slices.Sorted(maps.Keys(embedded.Files)) {
		if err := hashFile(key, embedded.Files[name], name); err != nil {
			return err
		}
	}
	return nil
}

// hashImports takes in what the compiler reads of each import.
func hashImports(key hash.Hash, config string) error {
	b, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "packagefile ")
		if !ok {
			fmt.Fprint(key, line)
			continue
		}
		path, file, _ := strings.Cut(rest, "=")
		told, err := toldByExport(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(key, "%s %x\n", path, sha256.Sum256(told))
	}
	return nil
}

// toldByExport is the first member of a package's archive, which is all that the
// compiler reads of it, without the line that names the build.
func toldByExport(archive string) ([]byte, error) {
	const magic, member = "!<arch>\n__.PKGDEF", 60 // https://en.wikipedia.org/wiki/Ar_(Unix)
	b, err := os.ReadFile(archive)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(b, []byte(magic)) || len(b) < 8+member {
		return nil, errNotKept
	}
	var size int
	if _, err := fmt.Sscan(string(b[8+48:8+58]), &size); err != nil || size < 0 || size > len(b)-8-member {
		return nil, errNotKept
	}
	told := b[8+member:][:size]
	before, rest, ok1 := bytes.Cut(told, []byte("\nbuild id "))
	_, after, ok2 := bytes.Cut(rest, []byte("\n"))
	if !ok1 || !ok2 || !bytes.Contains(after, []byte("\n$$B\n")) {
		return nil, errNotKept
	}
	return slices.Concat(before, after), nil
}
