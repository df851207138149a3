package agent

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/wire"
)

// releaseFolder is what a node of its own decides by.
func releaseFolder(c *Config) string {
	if c.Release != "" {
		return c.Release
	}
	return filepath.Join(c.State, "release-folder")
}

// useFolder makes the folder run. Where none is configured there is one, with a
// slot that ranks what its caller gives.
func (a *Agent) useFolder() error {
	dir := releaseFolder(&a.cfg)
	if a.cfg.Release == "" {
		if err := makeFolder(dir, a.cfg.Personalizer.Slot); err != nil {
			return fmt.Errorf("make a release folder: %w", err)
		}
	}
	files, err := release.ReadFolder(dir)
	if err != nil {
		return err
	}
	if err := a.releases.Use(files); err != nil {
		return fmt.Errorf("use the release folder %s: %w", dir, err)
	}
	return nil
}

const firstSlots = `# What this node shows. It belongs to you: change it, and start the agent again.
version: 0
salt: %s
slots:
  # Ranks what the caller gives, as the Personalizer endpoints do: the first is the
  # baseline.
  - id: %s
    kind: content
    source: {actions: true}
    count: 1
    baseline: order
    policy: {kind: epsilon_greedy, epsilon: 0.2}
    reward: {weights: {reward: 1}, range: [-1, 1], wait: 10m}
    rules: []
`

// makeFolder writes the first release of a node of its own, if there is none.
// slots.yaml comes last: after a crash before it the folder is made again.
func makeFolder(dir, slot string) error {
	slots := filepath.Join(dir, "slots.yaml")
	if _, err := os.Stat(slots); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	salt := make([]byte, 32)
	rand.Read(salt) // never fails
	for _, f := range []struct{ name, text string }{
		{"rules.yaml", "# What must never be shown.\nversion: 0\nrules: []\n"},
		{"features.yaml", "# What a model may look at.\nversion: 0\nfeatures: []\n"},
		{"slots.yaml", fmt.Sprintf(firstSlots, hex.EncodeToString(salt), slot)},
	} {
		if err := artifact.Replace(filepath.Join(dir, f.name), []byte(f.text)); err != nil {
			return err
		}
	}
	return nil
}

// editor changes a file of the release folder; nil on a node that has a centre.
// The change is tried before it is written, so what is on disk always runs.
func (a *Agent) editor() func(string, func([]byte) ([]byte, error)) error {
	if a.id.Enrolled() {
		return nil
	}
	return func(name string, change func([]byte) ([]byte, error)) error {
		a.folder.Lock()
		defer a.folder.Unlock()
		dir := releaseFolder(&a.cfg)
		files, err := release.ReadFolder(dir)
		if err != nil {
			return err
		}
		before := files[name]
		if files[name], err = change(before); err != nil {
			return err
		}
		if err := a.releases.Use(files); err != nil {
			return err
		}
		if err := artifact.Replace(filepath.Join(dir, name), files[name]); err != nil {
			if files[name] = before; before == nil {
				delete(files, name)
			}
			return errors.Join(fmt.Errorf("write %s: %w", name, err), a.releases.Use(files))
		}
		return nil
	}
}

// checkFolder reads the three files that people write, as the agent will.
func checkFolder(dir string) error {
	files, err := release.ReadFolder(dir)
	if err != nil {
		return err
	}
	_, err = rulebook.Parse(rulebook.Files{
		Slots: files["slots.yaml"], Rules: files["rules.yaml"], Features: files["features.yaml"],
		Purpose: func(text string) bool { return wire.Purpose(text).Valid() },
	})
	return err
}
