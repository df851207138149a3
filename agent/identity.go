package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/subject"
)

// Identity is who a node is. What a centre said at enrolment lies in
// keys/enrolment.json, readable by its owner only.
type Identity struct {
	Version int      `json:"version"` // 0
	Agent   string   `json:"agent"`
	Site    string   `json:"site"`
	Hub     []string `json:"hub"`    // NATS URLs
	Root    []byte   `json:"root"`   // where trust begins; empty: a node of its own
	Secret  []byte   `json:"secret"` // of the pseudonyms
}

// Enrolled tells whether a centre knows this node.
func (i *Identity) Enrolled() bool { return len(i.Root) > 0 }

// Files under keys/.
const (
	enrolmentFile = "enrolment.json"
	deviceFile    = "device.nk"     // seed of the device key
	secretFile    = "pseudonym.key" // of a node of its own
	secretSize    = 32
)

func keysDir(c *Config) string { return filepath.Join(c.State, "keys") }

// readIdentity is who the node is now: enrolled, or of its own with a secret that
// is made once.
func readIdentity(c *Config) (*Identity, error) {
	dir := keysDir(c)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of keys: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, enrolmentFile))
	if err == nil {
		id := &Identity{}
		if err := json.Unmarshal(b, id); err != nil || id.Version != 0 || len(id.Secret) == 0 || !id.Enrolled() {
			return nil, fmt.Errorf("%s is damaged; enrol again with `aisle-agent enrol --token T`", filepath.Join(dir, enrolmentFile))
		}
		return id, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the enrolment: %w", err)
	}
	id := &Identity{Agent: c.Agent, Site: c.Site}
	id.Secret, err = made(filepath.Join(dir, secretFile), func() ([]byte, error) {
		secret := make([]byte, secretSize)
		rand.Read(secret) // never fails
		return secret, nil
	})
	return id, err
}

// made reads a file, and makes it if there is none. After a crash there is none,
// or a whole one.
func made(path string, content func() ([]byte, error)) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(b) > 0 {
		return b, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	if b, err = content(); err != nil {
		return nil, err
	}
	if err := artifact.Replace(path, b); err != nil {
		return nil, fmt.Errorf("write a key: %w", err)
	}
	return b, nil
}

// deviceKey is the node's key pair, made once.
func deviceKey(c *Config) (nkeys.KeyPair, error) {
	if err := os.MkdirAll(keysDir(c), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of keys: %w", err)
	}
	seed, err := made(filepath.Join(keysDir(c), deviceFile), func() ([]byte, error) {
		key, err := nkeys.CreateUser()
		if err != nil {
			return nil, err
		}
		return key.Seed()
	})
	if err != nil {
		return nil, err
	}
	key, err := nkeys.FromSeed(bytes.TrimSpace(seed))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged; remove it and enrol again", deviceFile)
	}
	return key, nil
}

// ErrOwnLog: the node has decided on its own, under a secret that no centre knows.
var ErrOwnLog = errors.New("this node has run on its own, and what it knows is under its own secret; enrol with an empty state folder")

// Enrol spends a token at the centre and keeps who the node is from then on. It
// can be repeated with the same token: the same key gets the same answer.
func Enrol(ctx context.Context, c Config, token string) (*Identity, error) {
	before, err := readIdentity(&c)
	if err != nil {
		before = &Identity{} // damaged: enrolling mends it
	}
	if _, err := os.Stat(logDir(&c)); err == nil && !before.Enrolled() {
		return nil, fmt.Errorf("%s: %w", c.State, ErrOwnLog)
	}
	key, err := deviceKey(&c)
	if err != nil {
		return nil, err
	}
	id, err := join(ctx, c.Hub.Central, token, key)
	if err != nil {
		return nil, fmt.Errorf("enrol at %s: %w", c.Hub.Central, err)
	}
	if _, err := subject.NewNode(id.Site, id.Agent); err != nil || len(id.Root) == 0 || len(id.Secret) == 0 {
		return nil, fmt.Errorf("enrol at %s: the answer names no agent; is this an Aisle centre?", c.Hub.Central)
	}
	if before.Enrolled() && (before.Agent != id.Agent || !bytes.Equal(before.Secret, id.Secret)) {
		return nil, fmt.Errorf("%s belongs to agent %s; enrol %s with an empty state folder", c.State, before.Agent, id.Agent)
	}
	b, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := artifact.Replace(filepath.Join(keysDir(&c), enrolmentFile), append(b, '\n')); err != nil {
		return nil, fmt.Errorf("keep the enrolment: %w", err)
	}
	return id, nil
}

// join asks the centre. The proof shows that the node holds the key.
func join(ctx context.Context, central, token string, key nkeys.KeyPair) (*Identity, error) {
	public, err := key.PublicKey()
	if err != nil {
		return nil, err
	}
	proof, err := key.Sign([]byte("aisle enrol 0\n" + token + "\n" + public))
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"token": token, "publicKey": public, "proof": proof})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(central, "/")+"/api/v1/enrol", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w; check hub.central, or pass --central", err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		var problem struct{ Title, Detail string }
		_ = json.Unmarshal(b, &problem) // what is no problem has no text
		return nil, fmt.Errorf("it answered %s %s", answer.Status, problem.Detail)
	}
	id := &Identity{}
	if err := json.Unmarshal(b, id); err != nil {
		return nil, fmt.Errorf("its answer can't be read: %w", err)
	}
	id.Version = 0
	return id, nil
}
