package trust

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// release reads the manifests: of the newest full release, and of the newest
// release of the online role if it is newer and differs only in models.
func (s *set) release(ctx context.Context, _ time.Time) error {
	full, err := s.manifest(ctx, metadata.TARGETS)
	if err != nil {
		return err
	}
	s.newest = full
	if s.Targets[RefreshRole] == nil {
		return nil
	}
	next, err := s.manifest(ctx, RefreshRole)
	if errors.Is(err, ErrNoRelease) || err == nil && next.Release.Counter <= full.Release.Counter {
		return nil
	}
	if err != nil {
		return err
	}
	if err := OnlyModels(full.Release, next.Release); err != nil {
		return err
	}
	s.newest = next
	return nil
}

// manifest reads the newest release that a role lists.
func (s *set) manifest(ctx context.Context, role string) (*Candidate, error) {
	highest, target := uint64(0), (*metadata.TargetFiles)(nil)
	for path, t := range s.Targets[role].Signed.Targets {
		if c := counter(path); c > highest {
			highest, target = c, t
		}
	}
	if highest == 0 {
		return nil, ErrNoRelease
	}
	if role == RefreshRole && !s.delegates(Target(highest)) {
		return nil, fmt.Errorf("%w: %s may not list %s", ErrNotApproved, role, Target(highest))
	}
	n := ManifestFile(target.Hashes["sha256"])
	b, ok := s.known[n]
	if !ok || target.VerifyLengthHashes(b) != nil {
		var err error
		if b, err = s.get(ctx, n, maxManifest); err != nil {
			return nil, err
		}
		if err := target.VerifyLengthHashes(b); err != nil {
			return nil, classed(n, err)
		}
	}
	r, err := Parse(b)
	if err != nil {
		return nil, err
	}
	if r.Counter != highest {
		return nil, fmt.Errorf("%w: release %d is listed as %d", ErrMixed, r.Counter, highest)
	}
	s.files[n] = b
	return &Candidate{Release: r, Manifest: b, Role: role}, nil
}

// delegates tells whether targets lets the online role list a path.
func (s *set) delegates(path string) bool {
	for _, r := range s.Targets[metadata.TARGETS].Signed.Delegations.GetRolesForTarget(path) {
		if r.Name == RefreshRole {
			return true
		}
	}
	return false
}
