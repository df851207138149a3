// Package aisle holds no code: this one test file keeps the rules by which the
// packages below may know each other, each with its reason.
package aisle

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/aisle-edge/aisle/"

// layers says which of our folders a folder may never import.
var layers = []struct{ from, never, why string }{
	{"agent", "central", "a node must run, and be audited, without any of the centre's code"},
	{"central", "agent", "the centre speaks to nodes over the wire only"},
	{"modules", "sync", "a scorer knows nothing of transport, so that it can be tried anywhere"},
	{"modules", "agent", "models are shared by node and centre"},
	{"modules", "central", "models are shared by node and centre"},
	{"sync", "modules", "transport carries bundles as bytes with a digest"},
	{"sync", "agent", "both ends use the same transport"},
	{"sync", "central", "both ends use the same transport"},
	{"agent", "examples", "examples show the product, they are no part of it"},
	{"central", "examples", "examples show the product, they are no part of it"},
}

// doors names, for each outside system, the only packages that may import it.
var doors = []struct {
	outside string
	only    []string
	why     string
}{
	{"github.com/tetratelabs/wazero", []string{"modules/host"}, "limits on foreign code are set in one place"},
	{"github.com/nats-io/nats.go", []string{"sync/link"}, "its buffering and reconnecting need one set of choices"},
	{"github.com/nats-io/nats-server", []string{"central/hub"}, "the agent must not carry a server"},
	{"go.etcd.io/bbolt", []string{"agent/store"}, "a transaction held too long stops the writer"},
	{"modernc.org/sqlite", []string{"central/store"}, "one set of migrations, one audit chain"},
	{"database/sql", []string{"central/store"}, "one set of migrations, one audit chain"},
	{"github.com/theupdateframework/go-tuf", []string{"sync/trust", "central/rollout"}, "who signs and who verifies, and nobody between"},
	{"github.com/parquet-go/parquet-go", []string{"central/ledger"}, "one layout that erasure knows"},
	{"github.com/klauspost/compress/zstd", []string{"sync/segment", "agent/inject", "agent/localapi"}, "unpacking hostile bytes needs one set of limits"},
	{module + "sync/profilebody", []string{"agent/consent", "central/privacy", "central/registry"}, "who can decode a person's fields must be few"},
}

// alone imports nothing of ours, so that anything may import it.
var alone = []string{"modules/abi", "sync/subject", "sync/wire", "sync/profilebody", "modules/bitmap", "modules/elementary"}

// unlinked never gets into the agent's binary, however deep.
var unlinked = []struct{ path, why string }{
	{"github.com/nats-io/nats-server", "9 MiB and a listener"},
	{"modernc.org/sqlite", "the node keeps a log and bbolt files"},
	{"github.com/parquet-go/parquet-go", "6 MiB the node never uses"},
	{module + "central", "see layers"},
}

type pkg struct {
	ImportPath, Dir, Name, Doc         string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

func (p pkg) dir() string { return strings.TrimPrefix(p.ImportPath, module) }

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Dir,Name,Doc,Imports,TestImports,XTestImports,Deps"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
		watch(t, p.Dir)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return pkgs
}

func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func TestLayers(t *testing.T) {
	for _, p := range list(t, "./...") {
		for _, imp := range p.Imports {
			for _, l := range layers {
				if within(p.dir(), l.from) && within(imp, module+l.never) {
					t.Errorf("%s imports %s: %s", p.dir(), imp, l.why)
				}
			}
			for _, a := range alone {
				if p.dir() == a && strings.HasPrefix(imp, module) {
					t.Errorf("%s imports %s: it must import nothing of ours", a, imp)
				}
			}
		}
	}
}

// watch looks at the sources that go list read, for a test's cached result to end
// with them.
func watch(t *testing.T, dir string) {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		if _, err := os.Stat(s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDoors(t *testing.T) {
	for _, p := range list(t, "./...") {
		for _, imp := range p.Imports {
			for _, d := range doors {
				if within(imp, d.outside) && !through(p.dir(), d.only) {
					t.Errorf("%s imports %s, which only %v may: %s", p.dir(), imp, d.only, d.why)
				}
			}
		}
	}
}

func through(dir string, doors []string) bool {
	for _, d := range doors {
		if within(dir, d) {
			return true
		}
	}
	return false
}

func TestAgentStaysSmall(t *testing.T) {
	for _, p := range list(t, "./agent/cmd/aisle-agent") {
		for _, dep := range p.Deps {
			for _, u := range unlinked {
				if within(dep, u.path) {
					t.Errorf("the agent links %s: %s", dep, u.why)
				}
			}
		}
	}
}

func TestRankingDoesNotKnowHTTP(t *testing.T) {
	for _, p := range list(t, "./agent/ranking") {
		for _, imp := range p.Imports {
			if imp == "net/http" {
				t.Error("agent/ranking imports net/http: a decision is the same whatever asked for it")
			}
		}
	}
}

// TestNames keeps package names nouns that say what they give, and every
// package documented.
func TestNames(t *testing.T) {
	taken := map[string]bool{}
	for _, p := range list(t, "std") {
		if !strings.Contains(p.ImportPath, "internal") && !strings.HasPrefix(p.ImportPath, "vendor/") {
			taken[path.Base(p.ImportPath)] = true
		}
	}
	for _, p := range list(t, "./...") {
		if p.dir() == strings.TrimSuffix(module, "/") || within(p.dir(), ".ci") {
			continue
		}
		switch p.Name {
		case "util", "utils", "common", "helper", "helpers", "types", "models", "base", "shared", "misc":
			t.Errorf("%s: the name %s says nothing", p.dir(), p.Name)
		}
		if p.Name != "main" && taken[p.Name] {
			t.Errorf("%s: the standard library has a package %s", p.dir(), p.Name)
		}
		if p.Doc == "" {
			t.Errorf("%s: no package comment", p.dir())
		}
	}
	for _, p := range list(t, "./sync") {
		if p.Name != "" {
			t.Error("sync holds a .go file: a package of that name would shadow the standard library's")
		}
	}
}

var (
	link   = regexp.MustCompile(`\]\(([^):#]+)(#[^)]*)?\)`)
	target = regexp.MustCompile("(?:`|\\$ |[A-Z]+=\\S+ )make ([a-z]+)")
)

// TestProse holds what documents point at against what there is.
func TestProse(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("*.md")
	for _, deeper := range []string{"*/*.md", "*/*/*.md"} {
		more, wrong := filepath.Glob(deeper)
		pages, err = append(pages, more...), errors.Join(err, wrong)
	}
	if err != nil || len(pages) < 8 {
		t.Fatal(pages, err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s points at %s, which is not there", page, m[1])
			}
		}
		for _, m := range target.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s names make %s, which there is not", page, m[1])
			}
		}
	}
}
