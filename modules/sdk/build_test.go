package sdk_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/sdk"
)

// source is the file of a project that its author changes.
var source = map[string]string{"go": "main.go", "rust": "model.rs", "c": "model.c", "assemblyscript": "model.ts"}

// build makes a project of the language, puts a program of testdata in the place
// of the template's ("" leaves it), and builds it as its README says. blocks
// tells whether the program's block function stays.
func build(t testing.TB, lang, program string, blocks bool) []byte {
	t.Helper()
	need(t, lang)
	dir := filepath.Join(t.TempDir(), "project")
	if err := sdk.New(lang, dir, "trial"); err != nil {
		t.Fatal(err)
	}
	if program != "" {
		place(t, filepath.Join("testdata", program+filepath.Ext(source[lang])), filepath.Join(dir, source[lang]), blocks)
	}
	command := exec.Command("make")
	if lang == "assemblyscript" {
		link(t, dir)
		command = exec.Command("npm", "run", "build")
	}
	command.Dir = dir
	// The network is off limits, and so are modules of this tree's own settings.
	command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "npm_config_offline=true")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	code, err := os.ReadFile(filepath.Join(dir, "guest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// place copies a program, with what stands between its marks or without.
func place(t testing.TB, from, to string, blocks bool) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	inside := false
	for line := range strings.Lines(string(b)) {
		switch strings.TrimSpace(line) {
		case "// block {":
			inside = true
		case "// block }":
			inside = false
		default:
			if blocks || !inside {
				out.WriteString(line)
			}
		}
	}
	if err := os.WriteFile(to, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// need skips where the language's tools are missing.
func need(t testing.TB, lang string) {
	t.Helper()
	tools := map[string][]string{
		"go": {"make"}, "rust": {"make", "rustc"}, "c": {"make", "clang", "wasm-ld"}, "assemblyscript": {"npm", "node"},
	}
	for _, tool := range tools[lang] {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: modules in %s are not tried; .ci/install brings it", tool, lang)
		}
	}
	if lang == "rust" && !knowsWasm("rustc") && !knowsWasm("/usr/bin/rustc") {
		t.Skip("no rustc knows wasm32-unknown-unknown: modules in rust are not tried; .ci/install brings one")
	}
}

func knowsWasm(rustc string) bool {
	out, err := exec.Command(rustc, "--print", "target-libdir", "--target", "wasm32-unknown-unknown").Output()
	if err != nil {
		return false
	}
	core, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "libcore-*"))
	return len(core) > 0
}

// link gives a project its compiler: installed beside other caches, once for
// each lock file.
func link(t testing.TB, dir string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip("there is no folder for caches: modules in assemblyscript are not tried")
	}
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	shop := filepath.Join(cache, "aisle", "npm-"+hex.EncodeToString(sum[:6]))
	install(t, dir, shop)
	if err := os.Symlink(filepath.Join(shop, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
}

func install(t testing.TB, dir, shop string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(shop, "node_modules", ".package-lock.json")); err == nil {
		return
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.MkdirAll(shop, 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(shop, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = shop
	if out, err := npm.CombinedOutput(); err != nil {
		t.Skipf("npm can't install the compiler: modules in assemblyscript are not tried: %v\n%s", err, out)
	}
}
