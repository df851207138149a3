package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPersonalizerClients: both of Microsoft's npm clients rank, activate and
// reward unchanged, and read and change the configuration.
func TestPersonalizerClients(t *testing.T) {
	clients := npmClients(t)
	a := start(t, map[string]string{"AISLE_PERSONALIZER_KEY": "sesame"})
	node := exec.Command("node", filepath.Join(clients, "client.js"), a.url, "sesame")
	if out, err := node.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// npmClients installs the clients beside other caches, once for each lock file.
func npmClients(t *testing.T) (dir string) {
	t.Helper()
	for _, tool := range []string{"npm", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: the Personalizer clients are not tried; .ci/install brings it", tool)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip("there is no folder for caches: the Personalizer clients are not tried")
	}
	lock, err := os.ReadFile("testdata/personalizer/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	dir = filepath.Join(cache, "aisle", "npm-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json", "client.js"} {
		b, err := os.ReadFile(filepath.Join("testdata/personalizer", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil {
		return dir
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm can't install the Personalizer clients, so they are not tried: %v\n%s", err, out)
	}
	return dir
}
