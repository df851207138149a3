package api

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Folder is a release folder on its way.
type Folder struct {
	Note  string            `json:"note,omitempty" maxLength:"500" doc:"What it is for, in words."`
	Files map[string][]byte `json:"files" doc:"slots.yaml, rules.yaml, features.yaml, offers.csv and scorer files NAME.wasm by name, each in base64."`
}

// maxFolder is the most bytes of a folder without its scorer files, in base64.
const maxFolder = 32 << 20

// Rollback asks for an earlier release again.
type Rollback struct {
	Counter uint64 `json:"counter" minimum:"1" doc:"Whose content shall run again."`
	Note    string `json:"note,omitempty" maxLength:"500"`
}

func (s *server) releases() {
	check := operation(http.MethodPost, "/releases/check", "checkRelease", "Check a release folder and keep nothing", kindFolder)
	most := maxFolder + 4*s.MaxModel // room for a few scorer files that could be released
	check.MaxBodyBytes = most
	huma.Register(s.api, check, func(_ context.Context, in *struct{ Body Folder }) (*answer[Release], error) {
		f, err := registry.CheckFiles(in.Body.Files, s.Scheme)
		if err != nil {
			return nil, s.whyNot(err)
		}
		return s.made(release.Check(f, s.MaxModel))
	})
	propose := operation(http.MethodPost, "/releases", "proposeRelease", "Keep a release folder until it is published", kindFolder)
	propose.MaxBodyBytes = most
	huma.Register(s.api, propose, func(ctx context.Context, in *struct{ Body Folder }) (*answer[Release], error) {
		return s.made(s.Releases.Propose(ctx, administrator, in.Body.Note, in.Body.Files))
	})
	huma.Register(s.api, operation(http.MethodGet, "/releases", "listReleases", "What was published and what is proposed, newest first"),
		func(ctx context.Context, in *struct {
			Limit int `query:"limit" minimum:"1" maximum:"1000" default:"20"`
		}) (*answer[[]Release], error) {
			list, err := List(ctx, s.Releases, s.Fleet, in.Limit)
			if err != nil {
				return nil, s.unexpected("list releases", err)
			}
			return reply(list, nil)
		})
	publish := operation(http.MethodPost, "/releases/publish", "publishRelease", "Sign a proposal and bring it to the agents", kindNothing, kindFolder, kindGone)
	publish.Description = "If releases were published since it was proposed, its folder is made into a new release with the models as they are now, under the next counter."
	huma.Register(s.api, publish, func(ctx context.Context, in *struct {
		Counter uint64 `query:"counter" doc:"Of the proposal; absent for the last."`
	}) (*answer[Release], error) {
		return s.made(s.Releases.Publish(ctx, administrator, in.Counter))
	})
	rollback := operation(http.MethodPost, "/releases/rollback", "rollBack", "Publish again what an earlier release named", kindNoRelease, kindGone, kindNoKey)
	rollback.Description = "Under a new counter, since counters never fall. Models are not refreshed until the next folder is published."
	huma.Register(s.api, rollback, func(ctx context.Context, in *struct{ Body Rollback }) (*answer[Release], error) {
		return s.made(s.Releases.Rollback(ctx, administrator, in.Body.Counter, in.Body.Note))
	})
	huma.Register(s.api, operation(http.MethodPost, "/keys/{role}/rotate", "rotateKey", "Give a signing role a new key", kindNoKey),
		func(ctx context.Context, in *struct {
			Role string `path:"role" enum:"root,targets,refresh,snapshot,timestamp"`
		}) (*struct{}, error) {
			return nil, s.rotate(ctx, in.Role)
		})
}

func (s *server) made(m release.Made, err error) (*answer[Release], error) {
	if err != nil {
		return nil, s.whyNot(err)
	}
	return reply(Describe(m, runners(s.Fleet)), nil)
}

// whyNot gives an error of the maker its type.
func (s *server) whyNot(err error) error {
	var faults rulebook.Faults
	switch {
	case errors.As(err, &faults):
		p := kindFolder.problem("correct what `faults` lists")
		for _, f := range faults {
			p.Faults = append(p.Faults, Fault{f.File, f.Line, f.Path, f.Problem})
		}
		return p
	case errors.Is(err, release.ErrPreflight):
		return kindPreflight.problem(err.Error())
	case errors.Is(err, release.ErrNothing):
		return kindNothing.problem(err.Error())
	case errors.Is(err, registry.ErrNone), errors.Is(err, release.ErrNotPublished):
		return kindNoRelease.problem(err.Error())
	case errors.Is(err, release.ErrNotKept):
		return kindGone.problem(err.Error())
	case errors.Is(err, rollout.ErrNoKey):
		return kindNoKey.problem(err.Error() + "; bring it to the folder of keys")
	}
	return s.unexpected("make a release", err)
}

// List gives what was published and what is proposed, newest first.
func List(ctx context.Context, m *release.Maker, f *fleet.Fleet, limit int) ([]Release, error) {
	list, err := m.List(ctx, limit)
	if err != nil {
		return nil, err
	}
	runners := runners(f)
	out := make([]Release, len(list))
	for i, m := range list {
		out[i] = Describe(m, runners)
	}
	return out, nil
}

// Newest gives the newest release that was published, and the newest that is no
// refresh; nil before the first.
func Newest(ctx context.Context, m *release.Maker, f *fleet.Fleet) (newest, folder *Release, err error) {
	last, full, err := m.Newest(ctx)
	if errors.Is(err, release.ErrNothing) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	by := runners(f)
	a, b := Describe(last, by), Describe(full, by)
	return &a, &b, nil
}

// runners are the agents by the counter of the release that they last said to
// run.
func runners(f *fleet.Fleet) map[uint64][]string {
	by := make(map[uint64][]string)
	for _, a := range f.Agents() {
		if c := a.Status.GetRelease(); c != 0 {
			by[c] = append(by[c], a.Name)
		}
	}
	return by
}

// Describe puts a release as this interface gives it, with those who run it by
// its counter.
func Describe(m release.Made, runners map[uint64][]string) Release {
	r := Release{
		ID: m.ID, Counter: m.Counter, Kind: m.Kind, Published: m.Published,
		CreatedAt: time.UnixMilli(m.CreatedMs).UTC(), Note: m.Note,
	}
	if m.Published {
		r.Agents = runners[m.Counter]
	}
	for _, a := range m.Artifacts {
		r.Artifacts = append(r.Artifacts, Artifact{a.Name, hex.EncodeToString(a.Digest[:]), a.Size})
	}
	for _, l := range m.Lineage {
		r.Models = append(r.Models, Lineage{l.Model, l.LastFile, l.Decisions, l.Rows})
	}
	for _, l := range m.Looks {
		r.Looks = append(r.Looks, Look(l))
	}
	return r
}

func (s *server) rotate(ctx context.Context, role string) error {
	err := s.Repository.Rotate(ctx, role)
	switch {
	case errors.Is(err, rollout.ErrNoKey):
		return kindNoKey.problem(err.Error() + "; bring it to the folder of keys")
	case err != nil && !errors.Is(err, rollout.ErrNotPushed):
		return s.unexpected("rotate a key", err)
	}
	return nil
}
