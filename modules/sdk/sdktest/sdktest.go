// Package sdktest builds projects of package sdk in tests, with the tools that a
// machine has.
package sdktest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Build builds the project of a language in a folder, as its README says, and gives
// the guest. The test skips where the language's tools are missing.
func Build(t testing.TB, lang, dir string) []byte {
	t.Helper()
	Need(t, lang)
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

// Need skips where the language's tools are missing.
func Need(t testing.TB, lang string) {
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
