package trust

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	// RefreshRole is the online role that targets delegates model updates to.
	RefreshRole = "refresh"
	// Issued is the field of timestamp.json that says when it was signed, in
	// RFC 3339.
	Issued = "issued"

	releases = "releases/"
	model    = "model/"
)

// Target is the path under which targets or refresh lists a release.
func Target(counter uint64) string { return releases + strconv.FormatUint(counter, 10) }

// counter is the inverse of Target; 0 is none.
func counter(target string) uint64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(target, releases), 10, 64)
	if err != nil || Target(n) != target {
		return 0
	}
	return n
}

// ManifestFile is the trust file that holds the manifest with a digest.
func ManifestFile(digest []byte) string { return hex.EncodeToString(digest) + ".release" }

// Parse reads a manifest and checks its form: a counter, artifacts with
// distinct names, whole digests and lengths within the limit, and scorers of
// models that are there. ErrMalformed otherwise. Fields that this build does
// not know are kept, for OnlyModels to compare.
func Parse(manifest []byte) (*wire.Release, error) {
	r := new(wire.Release)
	err := wire.DecodeMessage(manifest, r)
	if err == nil {
		err = proto.Unmarshal(manifest[1:], r)
	}
	if err == nil {
		err = check(r)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: release manifest: %w", ErrMalformed, err)
	}
	return r, nil
}

func check(r *wire.Release) error {
	if r.Counter == 0 || r.MinCounter > r.Counter {
		return fmt.Errorf("counter %d with minimum %d", r.Counter, r.MinCounter)
	}
	names := map[string]bool{}
	for _, a := range r.Artifacts {
		if a.Name == "" || len(a.Name) > 128 || names[a.Name] {
			return fmt.Errorf("artifact name %.128q is empty, too long or there twice", a.Name)
		}
		if len(a.Digest) != 32 || a.Size > artifact.MaxSize {
			return fmt.Errorf("artifact %s: digest of %d bytes, length %d", a.Name, len(a.Digest), a.Size)
		}
		names[a.Name] = true
	}
	for _, s := range r.Scorers {
		if !names[s.Model] || len(s.Module) != 32 {
			return fmt.Errorf("scorer of %.128q: no such artifact, or module digest of %d bytes", s.Model, len(s.Module))
		}
	}
	return nil
}

// OnlyModels is the rule for the online role: next may differ from the full
// release base by counter, id, time and note, and by the bytes of models that
// base has too; all else, the modules of the models with it, must be equal.
// ErrNotApproved otherwise.
func OnlyModels(base, next *wire.Release) error {
	if next.Counter <= base.Counter {
		return fmt.Errorf("%w: refresh %d does not follow full release %d", ErrNotApproved, next.Counter, base.Counter)
	}
	n := proto.CloneOf(next)
	n.Counter, n.Id, n.CreatedMs, n.Note = base.Counter, base.Id, base.CreatedMs, base.Note
	known := map[string]*wire.Artifact{}
	for _, a := range base.Artifacts {
		known[a.Name] = a
	}
	for _, a := range n.Artifacts {
		if b, ok := known[a.Name]; ok && strings.HasPrefix(a.Name, model) {
			a.Digest, a.Size = b.Digest, b.Size
		}
	}
	if !proto.Equal(base, n) {
		return fmt.Errorf("%w: refresh %d changes more than models of full release %d", ErrNotApproved, next.Counter, base.Counter)
	}
	return nil
}
