package trust

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"io/fs"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/aisle-edge/aisle/sync/wire"
)

// today is when the tests' repository is made.
var today = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// repo signs trust files by hand, right or wrong. It shares no code with
// central/rollout.
type repo struct {
	t         *testing.T
	keys      map[string]ed25519.PrivateKey
	now       time.Time
	root      *metadata.Metadata[metadata.RootType]
	targets   *metadata.Metadata[metadata.TargetsType]
	refresh   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
	files     Files
}

const day = 24 * time.Hour

func newRepo(t *testing.T) *repo {
	r := &repo{t: t, keys: map[string]ed25519.PrivateKey{}, now: today, files: Files{}}
	r.root = metadata.Root(today.Add(3650 * day))
	r.targets = metadata.Targets(today.Add(365 * day))
	r.refresh = metadata.Targets(today.Add(365 * day))
	r.snapshot = metadata.Snapshot(today.Add(30 * day))
	r.timestamp = metadata.Timestamp(today.Add(2 * day))
	for i, role := range []string{"root", "targets", "snapshot", "timestamp", RefreshRole, "stranger"} {
		r.keys[role] = ed25519.NewKeyFromSeed(append(make([]byte, 31), byte(i)))
		if i < 4 {
			r.must(r.root.Signed.AddKey(r.public(role), role))
		}
	}
	id := r.public(RefreshRole).ID
	keyID, _ := id()
	r.targets.Signed.Delegations = &metadata.Delegations{
		Keys:  map[string]*metadata.Key{keyID: r.public(RefreshRole)},
		Roles: []metadata.DelegatedRole{{Name: RefreshRole, KeyIDs: []string{keyID}, Threshold: 1, Paths: []string{"releases/*"}}},
	}
	r.files["1.root.json"] = sign(t, r.root, r.keys["root"])
	r.publish()
	return r
}

func (r *repo) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) public(role string) *metadata.Key {
	k, err := metadata.KeyFromPublicKey(r.keys[role].Public())
	r.must(err)
	return k
}

func sign[T metadata.Roles](t *testing.T, m *metadata.Metadata[T], keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	m.ClearSignatures()
	for _, k := range keys {
		s, err := signature.LoadSigner(k, crypto.Hash(0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Sign(s); err != nil {
			t.Fatal(err)
		}
	}
	b, err := m.ToBytes(false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// release is a manifest with two files of people and one model.
func release(counter uint64, model string) *wire.Release {
	d := func(s string) []byte { v := sha256.Sum256([]byte(s)); return v[:] }
	return &wire.Release{
		Counter: counter, Id: "r", CreatedMs: today.UnixMilli(), MinCounter: 1,
		Artifacts: []*wire.Artifact{
			{Name: "slots.yaml", Digest: d("slots"), Size: 5},
			{Name: "rules.yaml", Digest: d("rules"), Size: 5},
			{Name: "model/home", Digest: d(model), Size: uint64(len(model))},
		},
		Scorers: []*wire.Scorer{{Model: "model/home", Emitter: "1", Module: d("module")}},
	}
}

// list adds a release to what a role lists, without publishing.
func (r *repo) list(role string, rel *wire.Release) []byte {
	r.t.Helper()
	b, err := wire.AppendMessage(nil, rel)
	r.must(err)
	return r.listBytes(role, rel.Counter, b)
}

func (r *repo) listBytes(role string, counter uint64, b []byte) []byte {
	f, err := metadata.TargetFile().FromBytes("", b, "sha256")
	r.must(err)
	m := r.targets
	if role == RefreshRole {
		m = r.refresh
	}
	m.Signed.Targets[Target(counter)] = f
	r.files[ManifestFile(f.Hashes["sha256"])] = b
	return b
}

// publish signs everything below root under new versions, timestamp last.
func (r *repo) publish() {
	r.t.Helper()
	r.put("targets", &r.targets.Signed.Version, sign(r.t, r.targets, r.keys["targets"]))
	r.put(RefreshRole, &r.refresh.Signed.Version, sign(r.t, r.refresh, r.keys[RefreshRole]))
	r.publishSnapshot()
}

// put stores signed metadata of a role and lists it in the snapshot.
func (r *repo) put(role string, version *int64, b []byte) {
	r.files[name(*version, role)] = b
	r.snapshot.Signed.Meta[role+".json"] = meta(*version, b)
	*version++
}

func (r *repo) publishSnapshot() {
	b := sign(r.t, r.snapshot, r.keys["snapshot"])
	r.files[name(r.snapshot.Signed.Version, "snapshot")] = b
	r.timestamp.Signed.Meta["snapshot.json"] = meta(r.snapshot.Signed.Version, b)
	r.snapshot.Signed.Version++
	r.publishTimestamp()
}

func (r *repo) publishTimestamp() {
	r.timestamp.Signed.UnrecognizedFields = map[string]any{Issued: r.now.Format(time.RFC3339)}
	r.files["timestamp.json"] = sign(r.t, r.timestamp, r.keys["timestamp"])
	r.timestamp.Signed.Version++
}

func meta(version int64, b []byte) *metadata.MetaFiles {
	sum := sha256.Sum256(b)
	return &metadata.MetaFiles{Length: int64(len(b)), Version: version, Hashes: metadata.Hashes{"sha256": sum[:]}}
}

// rotate publishes a new root in which a role has another key.
func (r *repo) rotate(role string) {
	r.t.Helper()
	old, oldRoot := r.public(role), r.keys["root"]
	id, _ := old.ID()
	seed := sha256.Sum256(r.keys[role].Seed())
	r.keys[role] = ed25519.NewKeyFromSeed(seed[:])
	r.must(r.root.Signed.RevokeKey(id, role))
	r.must(r.root.Signed.AddKey(r.public(role), role))
	r.root.Signed.Version++
	signers := []ed25519.PrivateKey{oldRoot}
	if role == "root" {
		signers = append(signers, r.keys["root"])
	}
	r.files[name(r.root.Signed.Version, "root")] = sign(r.t, r.root, signers...)
}

// at is a frozen copy of what the hub has now.
func (r *repo) at() Files { return maps.Clone(r.files) }

// node is a verifier with its store, its clock and the root it was given.
type node struct {
	*Verifier
	t    *testing.T
	path string
	root []byte
	now  time.Time
}

func newNode(t *testing.T, r *repo) *node {
	n := &node{t: t, path: filepath.Join(t.TempDir(), "trust"), root: r.files["1.root.json"], now: today}
	n.restart()
	return n
}

// restart opens the store anew, without any source.
func (n *node) restart() {
	n.t.Helper()
	v, err := Open(Options{Path: n.path, Root: n.root, Now: func() time.Time { return n.now }})
	if err != nil {
		n.t.Fatal(err)
	}
	n.Verifier = v
}

// counter is that of the current release, 0 for none.
func (n *node) counter() uint64 {
	c, err := n.Current()
	if err != nil {
		return 0
	}
	return c.Release.Counter
}

// takes demands that a source leads to a release.
func (n *node) takes(from Source, counter uint64) *Candidate {
	n.t.Helper()
	c, err := n.Refresh(n.t.Context(), from)
	if err != nil || c.Release.Counter != counter || n.counter() != counter {
		n.t.Fatalf("release %d: got %v, %v", counter, c, err)
	}
	return c
}

// source is a function as a Source.
type source func(name string) ([]byte, error)

func (f source) File(_ context.Context, name string, _ int) ([]byte, error) { return f(name) }

// altered serves files with some in place of others.
func altered(f Files, name string, b []byte) Source {
	return source(func(n string) ([]byte, error) {
		if n == name {
			return b, nil
		}
		if b, ok := f[n]; ok {
			return b, nil
		}
		return nil, fs.ErrNotExist
	})
}
