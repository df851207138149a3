package release

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aisle-edge/aisle/sync/artifact"
)

// state is what must survive a crash, as state.json holds it.
type state struct {
	Version     int      `json:"version"`
	Bank        string   `json:"bank"`     // "a" or "b"; "" before the first release
	Manifest    string   `json:"manifest"` // digest of that bank's manifest, in hex
	Provisional bool     `json:"provisional"`
	Starts      int      `json:"starts"`     // of the process while provisional
	ContactMs   int64    `json:"contact_ms"` // node time at which trust was last found fresh
	Quarantine  []banned `json:"quarantine,omitempty"`
}

// banned is a model that must not run again.
type banned struct {
	Counter uint64 `json:"counter"` // of the release it failed in
	Model   string `json:"model"`   // digest in hex
	Name    string `json:"name"`
	Why     string `json:"why"`
}

const (
	stateFile     = "state.json"
	maxState      = 1 << 20
	maxQuarantine = 64 // the oldest give way
)

func readState(dir string) (s state, err error) {
	f, err := os.Open(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return s, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxState))
	if err != nil {
		return s, err
	}
	return parseState(b)
}

func parseState(b []byte) (s state, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return state{}, fmt.Errorf("%s: %w", stateFile, err)
	}
	if s.Version != 0 || s.Bank != "" && other(s.Bank) == "" {
		return state{}, fmt.Errorf("%s is of another version or damaged", stateFile)
	}
	return s, nil
}

// write makes s the state; after a crash it is the old one or this one.
func (s *state) write(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return artifact.Replace(filepath.Join(dir, stateFile), append(b, '\n'))
}

// other is the bank that is not b.
func other(b string) string {
	switch b {
	case "a", "":
		return "b"
	case "b":
		return "a"
	}
	return ""
}

func bankFile(dir, bank string) string { return filepath.Join(dir, bank+".manifest") }

func (s *state) bans(model [32]byte) bool {
	for _, b := range s.Quarantine {
		if b.Model == hex.EncodeToString(model[:]) {
			return true
		}
	}
	return false
}

func (s *state) ban(b banned) {
	s.Quarantine = append(s.Quarantine, b)
	s.Quarantine = s.Quarantine[max(0, len(s.Quarantine)-maxQuarantine):]
}
