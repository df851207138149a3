package rollout

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// kept is how many releases a role lists: the newest, and those that nodes may
// still be on their way to.
const kept = 16

func (d *draft) of(role Role) map[string]*metadata.TargetFiles {
	if role == Refresh {
		return d.refresh.Signed.Targets
	}
	return d.targets.Signed.Targets
}

// releases parses the manifests that a role lists. They were checked before
// they were signed; what can't be read is none.
func (d *draft) releases(role Role) (all []*wire.Release) {
	for _, t := range d.of(role) {
		if rel, err := trust.Parse(d.files[trust.ManifestFile(t.Hashes["sha256"])]); err == nil {
			all = append(all, rel)
		}
	}
	return all
}

// newest gives the newest full release and the newest of all, nil for none.
func (d *draft) newest() (full, last *wire.Release) {
	for _, rel := range d.releases(Full) {
		if rel.Counter > full.GetCounter() {
			full = rel
		}
	}
	last = full
	for _, rel := range d.releases(Refresh) {
		if rel.Counter > last.GetCounter() {
			last = rel
		}
	}
	return full, last
}

// has tells whether a role lists exactly this manifest.
func (d *draft) has(role Role, manifest []byte) bool {
	sum := sha256.Sum256(manifest)
	for _, t := range d.of(role) {
		if bytes.Equal(t.Hashes["sha256"], sum[:]) {
			return true
		}
	}
	return false
}

// admits tells whether nodes would take a release after those that are listed.
func (d *draft) admits(role Role, rel *wire.Release) error {
	full, last := d.newest()
	if rel.Counter <= last.GetCounter() {
		return fmt.Errorf("%w: %d after %d", ErrCounter, rel.Counter, last.GetCounter())
	}
	switch {
	case role == Full:
		return nil
	case role != Refresh:
		return fmt.Errorf("no role %q", role)
	case full == nil:
		return fmt.Errorf("%w: a refresh needs a full release before it", trust.ErrNotApproved)
	}
	return trust.OnlyModels(full, rel)
}

// list adds a release to what a role lists, drops the oldest, and signs.
func (d *draft) list(role Role, counter uint64, manifest []byte, now time.Time) error {
	t, err := metadata.TargetFile().FromBytes("", manifest, "sha256")
	if err != nil {
		return err
	}
	listed := d.of(role)
	listed[trust.Target(counter)] = t
	for len(listed) > kept {
		delete(listed, oldest(listed))
	}
	d.files[trust.ManifestFile(t.Hashes["sha256"])] = manifest
	return d.sign(now, string(role))
}

// oldest finds the lowest counter: of two numbers without leading zeros the
// shorter is the lower.
func oldest(listed map[string]*metadata.TargetFiles) (path string) {
	for p := range listed {
		if path == "" || len(p) < len(path) || len(p) == len(path) && p < path {
			path = p
		}
	}
	return path
}

// lists tells which artifacts the listed releases name.
func (d *draft) lists() func(artifact.Digest) bool {
	named := map[artifact.Digest]bool{}
	for _, role := range []Role{Full, Refresh} {
		for _, rel := range d.releases(role) {
			for _, a := range rel.Artifacts {
				named[artifact.Digest(a.Digest)] = true
			}
		}
	}
	return func(digest artifact.Digest) bool { return named[digest] }
}
