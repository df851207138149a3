package rollout

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/aisle-edge/aisle/sync/trust"
)

// lifetime is how long what a role signs is good for. It is signed anew when
// half of that is over.
var lifetime = map[string]time.Duration{
	metadata.ROOT:      10 * 365 * 24 * time.Hour,
	metadata.TARGETS:   365 * 24 * time.Hour,
	trust.RefreshRole:  90 * 24 * time.Hour,
	metadata.SNAPSHOT:  30 * 24 * time.Hour,
	metadata.TIMESTAMP: 2 * 24 * time.Hour,
}

// draft is a state being changed: what the files say, parsed.
type draft struct {
	files     trust.Files
	keys      keyring
	root      *metadata.Metadata[metadata.RootType]
	targets   *metadata.Metadata[metadata.TargetsType]
	refresh   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
}

// found makes the first state: roles with their keys, and no release.
func found(keys keyring, now time.Time) (*draft, error) {
	d := &draft{
		files: trust.Files{}, keys: keys,
		root: metadata.Root(), targets: metadata.Targets(), refresh: metadata.Targets(),
		snapshot: metadata.Snapshot(), timestamp: metadata.Timestamp(),
	}
	d.root.Signed.Version, d.targets.Signed.Version, d.refresh.Signed.Version = 0, 0, 0
	d.snapshot.Signed.Version, d.timestamp.Signed.Version = 0, 0
	for _, role := range roles {
		if len(keys[role]) == 0 {
			return nil, fmt.Errorf("%w: of %s; create the keys first", ErrNoKey, role)
		}
		if err := d.use(role, keys[role][0]); err != nil {
			return nil, err
		}
	}
	return d, d.sign(now, roles[:]...)
}

// read parses a state.
func read(f trust.Files, keys keyring) (*draft, error) {
	d := &draft{files: maps.Clone(f), keys: keys}
	var err error
	if d.root, err = metadata.Root().FromBytes(f[newest(f, metadata.ROOT)]); err != nil {
		return nil, err
	}
	if d.targets, err = metadata.Targets().FromBytes(f[newest(f, metadata.TARGETS)]); err != nil {
		return nil, err
	}
	if d.refresh, err = metadata.Targets().FromBytes(f[newest(f, trust.RefreshRole)]); err != nil {
		return nil, err
	}
	if d.snapshot, err = metadata.Snapshot().FromBytes(f[newest(f, metadata.SNAPSHOT)]); err != nil {
		return nil, err
	}
	d.timestamp, err = metadata.Timestamp().FromBytes(f[timestamp])
	return d, err
}

// versions lists the versions of a role's files, rising.
func versions(f trust.Files, role string) (all []int64) {
	for n := range f {
		if v, ok := strings.CutSuffix(n, "."+role+".json"); ok {
			if i, err := strconv.ParseInt(v, 10, 64); err == nil {
				all = append(all, i)
			}
		}
	}
	slices.Sort(all)
	return all
}

func newest(f trust.Files, role string) string {
	if v := versions(f, role); len(v) > 0 {
		return file(v[len(v)-1], role)
	}
	return ""
}

func file(version int64, role string) string {
	return strconv.FormatInt(version, 10) + "." + role + ".json"
}

// expires tells until when what each role signed is good.
func (d *draft) expires() map[string]time.Time {
	return map[string]time.Time{
		metadata.ROOT:      d.root.Signed.Expires,
		metadata.TARGETS:   d.targets.Signed.Expires,
		trust.RefreshRole:  d.refresh.Signed.Expires,
		metadata.SNAPSHOT:  d.snapshot.Signed.Expires,
		metadata.TIMESTAMP: d.timestamp.Signed.Expires,
	}
}

// use makes k the one key of a role.
func (d *draft) use(role string, k key) error {
	if role == trust.RefreshRole {
		d.targets.Signed.Delegations = &metadata.Delegations{
			Keys:  map[string]*metadata.Key{k.id: k.public},
			Roles: []metadata.DelegatedRole{{Name: role, KeyIDs: []string{k.id}, Threshold: 1, Terminating: true, Paths: []string{"releases/*"}}},
		}
		return nil
	}
	for _, old := range slices.Clone(d.root.Signed.Roles[role].KeyIDs) {
		if err := d.root.Signed.RevokeKey(old, role); err != nil {
			return err
		}
	}
	return d.root.Signed.AddKey(k.public, role)
}

// used gives the ids of the keys that a role must sign with.
func (d *draft) used(role string) []string {
	if role == trust.RefreshRole {
		return d.targets.Signed.Delegations.Roles[0].KeyIDs
	}
	return d.root.Signed.Roles[role].KeyIDs
}

// sign signs what the roles have, under new versions, and with it snapshot and
// timestamp, which refer to it.
func (d *draft) sign(now time.Time, which ...string) error {
	for _, role := range roles {
		if !slices.Contains(which, role) && role != metadata.SNAPSHOT && role != metadata.TIMESTAMP {
			continue
		}
		if err := d.signRole(role, now); err != nil {
			return fmt.Errorf("sign %s: %w", role, err)
		}
	}
	d.prune()
	return nil
}

func (d *draft) signRole(role string, now time.Time) error {
	k, err := d.keys.find(role, d.used(role))
	if err != nil {
		return err
	}
	expires := now.Add(lifetime[role]).UTC().Truncate(time.Second)
	switch role {
	case metadata.ROOT:
		return d.signRoot(expires, k)
	case metadata.TARGETS:
		return put(d, role, d.targets, &d.targets.Signed.Version, &d.targets.Signed.Expires, expires, k)
	case trust.RefreshRole:
		return put(d, role, d.refresh, &d.refresh.Signed.Version, &d.refresh.Signed.Expires, expires, k)
	case metadata.SNAPSHOT:
		return put(d, role, d.snapshot, &d.snapshot.Signed.Version, &d.snapshot.Signed.Expires, expires, k)
	}
	s := &d.timestamp.Signed
	s.UnrecognizedFields = map[string]any{trust.Issued: now.UTC().Format(time.RFC3339)}
	s.Version++
	s.Expires = expires
	b, err := sign(d.timestamp, k)
	d.files[timestamp] = b
	return err
}

// signRoot signs with the key of the root before, if that is another.
func (d *draft) signRoot(expires time.Time, k key) error {
	by := []key{k}
	if b, ok := d.files[newest(d.files, metadata.ROOT)]; ok {
		before, err := metadata.Root().FromBytes(b)
		if err != nil {
			return err
		}
		old, err := d.keys.find(metadata.ROOT, before.Signed.Roles[metadata.ROOT].KeyIDs)
		if err != nil {
			return err
		}
		if old.id != k.id {
			by = append(by, old)
		}
	}
	d.root.Signed.Version++
	d.root.Signed.Expires = expires
	b, err := sign(d.root, by...)
	d.files[file(d.root.Signed.Version, metadata.ROOT)] = b
	return err
}

// put signs a role's metadata and lists it where the next role refers to it.
func put[T metadata.Roles](d *draft, role string, m *metadata.Metadata[T], version *int64, expires *time.Time, until time.Time, k key) error {
	*version++
	*expires = until
	b, err := sign(m, k)
	if err != nil {
		return err
	}
	d.files[file(*version, role)] = b
	sum := sha256.Sum256(b)
	refers := d.snapshot.Signed.Meta
	if role == metadata.SNAPSHOT {
		refers = d.timestamp.Signed.Meta
	}
	refers[role+".json"] = &metadata.MetaFiles{Length: int64(len(b)), Version: *version, Hashes: metadata.Hashes{"sha256": sum[:]}}
	return nil
}

// prune forgets all but the last three versions of each role (of root none:
// nodes follow the chain) and the manifests that nobody lists.
func (d *draft) prune() {
	for _, role := range roles[1:] {
		all := versions(d.files, role)
		for _, v := range all[:max(0, len(all)-3)] {
			delete(d.files, file(v, role))
		}
	}
	listed := map[string]bool{}
	for _, m := range []*metadata.Metadata[metadata.TargetsType]{d.targets, d.refresh} {
		for _, t := range m.Signed.Targets {
			listed[trust.ManifestFile(t.Hashes["sha256"])] = true
		}
	}
	maps.DeleteFunc(d.files, func(n string, _ []byte) bool {
		return strings.HasSuffix(n, ".release") && !listed[n]
	})
}
