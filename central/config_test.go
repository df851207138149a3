package central

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "central.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

func TestConfigDefaults(t *testing.T) {
	c, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	c.State = filepath.Base(c.State)
	want := `{state: state, address: "127.0.0.1:8460", hosts: [], scheme: own, gone_after: 24h0m0s, log_level: INFO, ` +
		`hub: {address: "127.0.0.1:4222", limit: 8GiB}, training: {every: 15m0s, half_life: 0s}, releases: {keep: 50, max_model: 16MiB}}`
	if diff := cmp.Diff(want, c.String()); diff != "" {
		t.Error(diff)
	}
}

func TestConfigFileThenVariables(t *testing.T) {
	t.Setenv("AISLE_TRAINING_EVERY", "10s")
	t.Setenv("AISLE_HOSTS", "a.example,b.example")
	t.Setenv("AISLE_HUB_LIMIT", "3MiB")
	c, err := load(t, "training: {every: 1h, half_life: 24h}\nlog_level: debug\nscheme: gtin\nstate: /elsewhere\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Training.Every != 10*time.Second || c.Training.HalfLife != 24*time.Hour || len(c.Hosts) != 2 || c.Hub.Limit != 3<<20 || c.State != "/elsewhere" {
		t.Errorf("got %+v", c)
	}
}

func TestConfigIsStrictAndTellsAll(t *testing.T) {
	for text, want := range map[string][]string{
		"trainnig: {every: 1h}": {"line 1: trainnig: unknown key"},
		"hub: 7":                {"line 1: hub: must be a map"},
		"training: {every: 5}":  {"line 1"},
		"hub: {limit: 4 apples}\nlog_level: loud\nnothing: 1": {"line 1: hub.limit: ", "such as 4194304 or 4MiB", "line 2: log_level: ", "line 3: nothing: unknown key; use one of state "},
		"address: [": {"line 1"},
		"address: 0.0.0.0:8460\nhub: {address: shop.example:4222}\nscheme: ean\nreleases: {keep: -1}\ntraining: {every: -1s}": {
			"address: ", "no TLS yet", "hub.address: ", "scheme: ", "releases.keep: ", "training.every: "},
	} {
		_, err := load(t, text)
		if err == nil {
			t.Errorf("%q: no error", text)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %q does not say %q", text, err, w)
			}
		}
	}
}

// TestReadmeShowsTheDefaults: the sample that people copy is what holds without it.
func TestReadmeShowsTheDefaults(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```yaml\n")
	sample, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README.md has no YAML")
	}
	got, err := load(t, sample)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	got.State, want.State = filepath.Base(got.State), filepath.Base(want.State)
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Error(diff)
	}
}
