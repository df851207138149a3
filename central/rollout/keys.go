package rollout

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/trust"
)

// roles in the order in which a state is signed.
var roles = [...]string{metadata.ROOT, metadata.TARGETS, trust.RefreshRole, metadata.SNAPSHOT, metadata.TIMESTAMP}

// ErrNoKey: a role's key is not in the folder of keys.
var ErrNoKey = errors.New("rollout: no key")

// key is a private key with its public half as TUF writes it.
type key struct {
	id      string
	public  *metadata.Key
	private ed25519.PrivateKey
}

func newKey(private ed25519.PrivateKey) (key, error) {
	public, err := metadata.KeyFromPublicKey(private.Public())
	if err != nil {
		return key{}, err
	}
	id, err := public.ID()
	return key{id, public, private}, err
}

// CreateKeys makes a key for each role that has none in the folder.
func CreateKeys(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, role := range roles {
		have, err := filepath.Glob(filepath.Join(dir, role+"-*.pem"))
		if err != nil {
			return err
		}
		if len(have) > 0 {
			continue
		}
		if _, err := createKey(dir, role); err != nil {
			return err
		}
	}
	return nil
}

// createKey makes a key and returns once it is on disk.
func createKey(dir, role string) (key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return key{}, err
	}
	k, err := newKey(private)
	if err != nil {
		return key{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return key{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := artifact.Replace(filepath.Join(dir, role+"-"+k.id[:16]+".pem"), text); err != nil {
		return key{}, fmt.Errorf("keep key of %s: %w", role, err)
	}
	return k, nil
}

// Key is one key of a folder, without its private half.
type Key struct {
	Role string `json:"role"`
	ID   string `json:"id"` // of TUF, hexadecimal
}

// Keys lists the keys of a folder, by role.
func Keys(dir string) ([]Key, error) {
	ring, err := readKeys(dir)
	list := []Key{}
	for _, role := range roles {
		for _, k := range ring[role] {
			list = append(list, Key{role, k.id})
		}
	}
	return list, err
}

// keyring holds the keys of a folder by role.
type keyring map[string][]key

func readKeys(dir string) (keyring, error) {
	ring := keyring{}
	for _, role := range roles {
		files, err := filepath.Glob(filepath.Join(dir, role+"-*.pem"))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			k, err := readKey(f)
			if err != nil {
				return nil, fmt.Errorf("read key %s: %w", f, err)
			}
			ring[role] = append(ring[role], k)
		}
	}
	return ring, nil
}

func readKey(file string) (key, error) {
	info, err := os.Stat(file)
	if err != nil {
		return key{}, err
	}
	if runtime.GOOS != "windows" && info.Mode()&fs.FileMode(0o077) != 0 {
		return key{}, fmt.Errorf("others may read it (%v); chmod 600 it, and rotate the key if they did", info.Mode())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return key{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return key{}, errors.New("no PEM block")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return key{}, err
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return key{}, errors.New("no Ed25519 key")
	}
	return newKey(private)
}

// find gives the key of a role that has one of the ids.
func (r keyring) find(role string, ids []string) (key, error) {
	for _, k := range r[role] {
		for _, id := range ids {
			if k.id == id {
				return k, nil
			}
		}
	}
	return key{}, fmt.Errorf("%w: of %s (%s) is not in the folder of keys", ErrNoKey, role, strings.Join(ids, ", "))
}

// sign replaces the signatures of m and returns its bytes.
func sign[T metadata.Roles](m *metadata.Metadata[T], by ...key) ([]byte, error) {
	m.ClearSignatures()
	for _, k := range by {
		signer, err := signature.LoadSigner(k.private, crypto.Hash(0))
		if err != nil {
			return nil, err
		}
		if _, err := m.Sign(signer); err != nil {
			return nil, err
		}
	}
	return m.ToBytes(false)
}
