// Package attack is a corpus of modules that mean harm, and of harmless ones
// that are made alike: for tests of the meter and of the sandbox.
//
// A module is as its author hands it in. Most carry no meter: the checker must
// refuse them as they are, and what the rewriter makes of them must be stopped.
// Forged ones carry a meter of their own that cheats. What has to become of each
// stands in testdata/expected.txt, which was written by hand and apart from the
// code; this package only reads it.
package attack

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/meter"
)

// Module is one of the corpus.
type Module struct {
	Name string
	Wasm []byte
	// Check is the kind by which meter.Check refuses it as it is, or "ok". Several
	// kinds, of which each is true, are separated by a slash, here and below.
	Check string
	// Rewritten is what becomes of it behind meter.Rewrite, or as it is where it
	// carries a sound meter: "refused KIND"; "admit WHAT" when making an instance
	// ends in WHAT; otherwise how scoring one row ends, or explaining it where scoring
	// went well. WHAT is ok, fuel, trap, depth, not-finite, room or status.
	Rewritten string
	// Harmless modules end by themselves, soon, with an answer or a trap.
	Harmless bool
}

// Sealed is the module as it would run: rewritten, unless it brings a sound meter.
// The error is the rewriter's refusal.
func (m Module) Sealed() ([]byte, error) {
	if m.Check == "ok" {
		return m.Wasm, nil
	}
	return meter.Rewrite(m.Wasm, meter.Limits{})
}

//go:embed testdata/expected.txt
var expected []byte

// Corpus gives all modules, sorted as in the table of what is expected. It
// panics where the two don't name the same ones.
func Corpus() []Module {
	made := map[string][]byte{}
	for _, part := range [...]map[string][]byte{times(), calls(), sizes(), forms(), forged(), answers(), harmless()} {
		for name, code := range part {
			if made[name] != nil {
				panic("attack: two modules named " + name)
			}
			made[name] = code
		}
	}
	var all []Module
	for m := range table() {
		code, ok := made[m.Name]
		if !ok {
			panic("attack: expected, but not made: " + m.Name)
		}
		delete(made, m.Name)
		m.Wasm = code
		all = append(all, m)
	}
	for name := range made {
		panic("attack: made, but nothing is expected: " + name)
	}
	return all
}

// Harmless gives those that end by themselves.
func Harmless() (out []Module) {
	for _, m := range Corpus() {
		if m.Harmless {
			out = append(out, m)
		}
	}
	return out
}

// Among tells whether got is one of what is expected.
func Among(got, expected string) bool {
	return slices.Contains(strings.Split(expected, "/"), got)
}

// table yields the rows of the table: name, check, rewritten, separated by |; a
// name with a star is harmless.
func table() func(yield func(Module) bool) {
	return func(yield func(Module) bool) {
		lines := bufio.NewScanner(bytes.NewReader(expected))
		for lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if line == "" || line[0] == '#' {
				continue
			}
			cells := strings.Split(line, "|")
			if len(cells) != 3 {
				panic(fmt.Sprintf("attack: not three cells: %q", line))
			}
			name, star := strings.CutSuffix(strings.TrimSpace(cells[0]), "*")
			if !yield(Module{Name: name, Harmless: star, Check: strings.TrimSpace(cells[1]), Rewritten: strings.TrimSpace(cells[2])}) {
				return
			}
		}
	}
}
