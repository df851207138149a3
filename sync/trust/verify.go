package trust

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Limits in bytes of what a source may give, and how many roots in one go.
const (
	maxRoot      = 64 << 10
	maxTimestamp = 16 << 10
	maxSnapshot  = 64 << 10
	maxTargets   = 256 << 10
	maxManifest  = wire.MaxRecord
	maxRoots     = 256
)

// set is a verified set of files on its way from one source.
type set struct {
	*trustedmetadata.TrustedMetadata
	known  Files  // verified before
	from   Source // of what is not known
	files  Files  // verified now: what becomes known
	newest *Candidate
}

// verify goes through the files in TUF's order: roots, timestamp, snapshot,
// targets, refresh, and then the manifests of the newest full release and of
// the newest release. Known files serve as far as they are still the right
// ones, and their versions may not fall. With ErrNoRelease the set is good and
// empty. The library dereferences what signed but hostile files may leave out,
// hence the recover.
func verify(ctx context.Context, known Files, from Source, now time.Time) (s *set, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrMalformed, p)
		}
	}()
	s = &set{known: known, from: from, files: Files{}}
	if s.TrustedMetadata, err = begin(known); err != nil {
		return s, err
	}
	s.files[name(s.Root.Signed.Version, metadata.ROOT)] = newestRoot(known)
	for _, step := range []func(context.Context, time.Time) error{s.roots, s.timestamp, s.snapshot, s.targets, s.refresh, s.release} {
		if err := step(ctx, now); err != nil {
			return s, err
		}
	}
	return s, nil
}

// begin starts at the newest root of a set.
func begin(f Files) (*trustedmetadata.TrustedMetadata, error) {
	t, err := trustedmetadata.New(newestRoot(f))
	return t, classed(metadata.ROOT, err)
}

func newestRoot(f Files) (root []byte) {
	newest := int64(0)
	for n, b := range f {
		if v, ok := strings.CutSuffix(n, ".root.json"); ok {
			if i, err := strconv.ParseInt(v, 10, 64); err == nil && i > newest {
				newest, root = i, b
			}
		}
	}
	return root
}

// roots follows the chain from the root we have to the newest.
func (s *set) roots(ctx context.Context, _ time.Time) error {
	for range maxRoots {
		n := name(s.Root.Signed.Version+1, metadata.ROOT)
		b, err := s.get(ctx, n, maxRoot)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := s.UpdateRoot(b); err != nil {
			return classed(n, err)
		}
		delete(s.files, name(s.Root.Signed.Version-1, metadata.ROOT))
		s.files[n] = b
	}
	return fmt.Errorf("%w: more than %d roots", ErrMalformed, maxRoots)
}

// timestamp takes the one we know, if the root still stands behind it, as the
// floor for versions and time; then the one that the source has.
func (s *set) timestamp(ctx context.Context, now time.Time) error {
	const n = "timestamp.json"
	s.RefTime = now
	if s.Root.Signed.IsExpired(now) {
		return fmt.Errorf("%w: root, at %s; keep what runs, and let the root be signed anew", ErrExpired, s.Root.Signed.Expires)
	}
	if b, ok := s.known[n]; ok {
		s.UpdateTimestamp(b) // refused: its key was replaced, or it is no more fit than none
		if s.Timestamp != nil {
			s.files[n] = b
			s.floor()
		}
	}
	b, err := s.get(ctx, n, maxTimestamp)
	if err != nil {
		return err
	}
	_, err = s.UpdateTimestamp(b)
	if equal := new(metadata.ErrEqualVersionNumber); errors.As(err, &equal) {
		return nil
	}
	if err != nil {
		return classed(n, err)
	}
	s.files[n] = b
	s.floor()
	return nil
}

// floor moves the reference time up to when the timestamp was issued. No
// timestamp outdates itself so.
func (s *set) floor() {
	text, _ := s.Timestamp.Signed.UnrecognizedFields[Issued].(string)
	issued, err := time.Parse(time.RFC3339, text)
	if err != nil || s.RefTime.IsZero() {
		return
	}
	if issued.After(s.Timestamp.Signed.Expires) {
		issued = s.Timestamp.Signed.Expires
	}
	if issued.After(s.RefTime) {
		s.RefTime = issued
	}
}

func (s *set) snapshot(ctx context.Context, _ time.Time) error {
	n := name(s.Timestamp.Signed.Meta["snapshot.json"].Version, metadata.SNAPSHOT)
	for old, b := range s.known {
		if !strings.HasSuffix(old, ".snapshot.json") {
			continue
		}
		if _, err := s.UpdateSnapshot(b, true); err == nil && old == n {
			s.files[n] = b
			return nil
		}
	}
	b, err := s.get(ctx, n, maxSnapshot)
	if err != nil {
		return err
	}
	if _, err := s.UpdateSnapshot(b, false); err != nil {
		return classed(n, err)
	}
	s.files[n] = b
	return nil
}

func (s *set) targets(ctx context.Context, _ time.Time) error {
	return s.delegated(ctx, metadata.TARGETS, metadata.ROOT)
}

// refresh reads the online role if targets delegates to it.
func (s *set) refresh(ctx context.Context, _ time.Time) error {
	d := s.Targets[metadata.TARGETS].Signed.Delegations
	if d == nil {
		return nil
	}
	for _, r := range d.Roles {
		if r.Name == RefreshRole {
			return s.delegated(ctx, RefreshRole, metadata.TARGETS)
		}
	}
	return nil
}

func (s *set) delegated(ctx context.Context, role, by string) error {
	meta, ok := s.Snapshot.Signed.Meta[role+".json"]
	if !ok {
		return fmt.Errorf("%w: snapshot without %s", ErrMixed, role)
	}
	n := name(meta.Version, role)
	b, ok := s.known[n]
	if ok {
		_, err := s.UpdateDelegatedTargets(b, role, by)
		ok = err == nil
	}
	if !ok {
		var err error
		if b, err = s.get(ctx, n, maxTargets); err != nil {
			return err
		}
		if _, err := s.UpdateDelegatedTargets(b, role, by); err != nil {
			return classed(n, err)
		}
	}
	s.files[n] = b
	return nil
}

// get asks the source, and does not believe it about the limit either.
func (s *set) get(ctx context.Context, name string, limit int) ([]byte, error) {
	b, err := s.from.File(ctx, name, limit)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, %d are allowed", ErrMalformed, name, len(b), limit)
	}
	return bytes.Clone(b), nil
}

func name(version int64, role string) string {
	return strconv.FormatInt(version, 10) + "." + role + ".json"
}

func digest(b []byte) []byte {
	d := sha256.Sum256(b)
	return d[:]
}

func equal(a, b Files) bool { return maps.EqualFunc(a, b, bytes.Equal) }

// classed gives the library's refusal of a file our name.
func classed(file string, err error) error {
	if err == nil {
		return nil
	}
	class := ErrMalformed
	switch {
	case is[*metadata.ErrUnsignedMetadata](err):
		class = ErrSignature
	case is[*metadata.ErrBadVersionNumber](err), is[*metadata.ErrEqualVersionNumber](err):
		class = ErrRollback
	case is[*metadata.ErrExpiredMetadata](err):
		class = ErrExpired
	case is[*metadata.ErrLengthOrHashMismatch](err):
		class = ErrMixed
	}
	return fmt.Errorf("%w: %s: %w", class, file, err)
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
