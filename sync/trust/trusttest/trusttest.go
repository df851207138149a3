// Package trusttest publishes releases for tests of what follows them: a small
// repository, signed rightly, whose files a trust.Verifier takes.
package trusttest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Repo is a repository with one key a role.
type Repo struct {
	t         testing.TB
	keys      map[string]ed25519.PrivateKey
	root      *metadata.Metadata[metadata.RootType]
	targets   *metadata.Metadata[metadata.TargetsType]
	refresh   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
	files     trust.Files
}

// New makes a repository that never expires, with no release.
func New(t testing.TB) *Repo {
	end := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	r := &Repo{t: t, keys: map[string]ed25519.PrivateKey{}, files: trust.Files{},
		root: metadata.Root(end), targets: metadata.Targets(end), refresh: metadata.Targets(end),
		snapshot: metadata.Snapshot(end), timestamp: metadata.Timestamp(end)}
	for i, role := range []string{"root", "targets", "snapshot", "timestamp", trust.RefreshRole} {
		r.keys[role] = ed25519.NewKeyFromSeed(append(make([]byte, 31), byte(i+1)))
		if role != trust.RefreshRole {
			r.must(r.root.Signed.AddKey(r.public(role), role))
		}
	}
	k := r.public(trust.RefreshRole)
	id, err := k.ID()
	r.must(err)
	r.targets.Signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{id: k}, Roles: []metadata.DelegatedRole{
		{Name: trust.RefreshRole, KeyIDs: []string{id}, Threshold: 1, Paths: []string{"releases/*"}}}}
	r.files["1.root.json"] = sign(r, r.root, "root")
	r.sign()
	return r
}

// Root is what a node is enrolled with.
func (r *Repo) Root() []byte { return r.files["1.root.json"] }

// Publish signs a full release as the newest, and gives its manifest.
func (r *Repo) Publish(release *wire.Release) []byte {
	r.t.Helper()
	manifest, err := wire.AppendMessage(nil, release)
	r.must(err)
	f, err := metadata.TargetFile().FromBytes("", manifest, "sha256")
	r.must(err)
	r.targets.Signed.Targets[trust.Target(release.Counter)] = f
	r.files[trust.ManifestFile(f.Hashes["sha256"])] = manifest
	r.sign()
	return manifest
}

// Withdraw signs a list without a release, which no honest publisher does: so the
// counter that nodes see falls.
func (r *Repo) Withdraw(counter uint64) {
	r.t.Helper()
	delete(r.targets.Signed.Targets, trust.Target(counter))
	r.sign()
}

// Files are what the repository holds now.
func (r *Repo) Files() trust.Files { return maps.Clone(r.files) }

// sign signs all below root under new versions.
func (r *Repo) sign() {
	r.put("targets", &r.targets.Signed.Version, sign(r, r.targets, "targets"))
	r.put(trust.RefreshRole, &r.refresh.Signed.Version, sign(r, r.refresh, trust.RefreshRole))
	b := sign(r, r.snapshot, "snapshot")
	r.files[file(r.snapshot.Signed.Version, "snapshot")] = b
	r.timestamp.Signed.Meta["snapshot.json"] = meta(r.snapshot.Signed.Version, b)
	r.timestamp.Signed.UnrecognizedFields = map[string]any{trust.Issued: "2020-01-01T00:00:00Z"}
	r.files["timestamp.json"] = sign(r, r.timestamp, "timestamp")
	r.snapshot.Signed.Version++
	r.timestamp.Signed.Version++
}

func (r *Repo) put(role string, version *int64, b []byte) {
	r.files[file(*version, role)] = b
	r.snapshot.Signed.Meta[role+".json"] = meta(*version, b)
	*version++
}

func file(version int64, role string) string {
	return strconv.FormatInt(version, 10) + "." + role + ".json"
}

func meta(version int64, b []byte) *metadata.MetaFiles {
	sum := sha256.Sum256(b)
	return &metadata.MetaFiles{Length: int64(len(b)), Version: version, Hashes: metadata.Hashes{"sha256": sum[:]}}
}

func (r *Repo) public(role string) *metadata.Key {
	k, err := metadata.KeyFromPublicKey(r.keys[role].Public())
	r.must(err)
	return k
}

func sign[T metadata.Roles](r *Repo, m *metadata.Metadata[T], role string) []byte {
	m.ClearSignatures()
	s, err := signature.LoadSigner(r.keys[role], crypto.Hash(0))
	r.must(err)
	_, err = m.Sign(s)
	r.must(err)
	b, err := m.ToBytes(false)
	r.must(err)
	return b
}

func (r *Repo) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}
