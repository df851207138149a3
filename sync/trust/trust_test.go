package trust

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/aisle-edge/aisle/sync/wire"
)

// refused demands a refusal of a class, and that nothing changed by it: not
// what is current, not what is on disk.
func (n *node) refused(from Source, class error) {
	n.t.Helper()
	was, before := n.counter(), n.disk()
	c, err := n.Refresh(n.t.Context(), from)
	if !errors.Is(err, class) {
		n.t.Errorf("got %v, %v; want %v", c, err, class)
	}
	if n.counter() != was || n.disk() != before {
		n.t.Errorf("a refusal changed release %d to %d", was, n.counter())
	}
}

func (n *node) disk() string {
	b, err := os.ReadFile(n.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		n.t.Fatal(err)
	}
	return string(b)
}

func TestNewestReleaseIsTaken(t *testing.T) {
	r := newRepo(t)
	n := newNode(t, r)
	n.refused(r.at(), ErrNoRelease)
	if _, err := n.Current(); !errors.Is(err, ErrNoRelease) {
		t.Error(err)
	}
	b := r.list("targets", release(1, "m1"))
	r.publish()
	if c := n.takes(r.at(), 1); !bytes.Equal(c.Manifest, b) || c.Role != "targets" {
		t.Errorf("%+v", c)
	}
	r.list(RefreshRole, release(2, "m2"))
	r.list(RefreshRole, release(3, "m3"))
	r.publish()
	if c := n.takes(r.at(), 3); c.Role != RefreshRole {
		t.Errorf("%+v", c)
	}
	r.list("targets", release(11, "m1")) // not 2 or 3 by their text
	r.publish()
	n.takes(r.at(), 11) // the refreshes are older than the full release now
	n.takes(r.at(), 11)
	n.restart()
	if n.counter() != 11 {
		t.Error("forgotten over a restart")
	}
}

func TestForgedSignaturesAreRefused(t *testing.T) {
	for _, role := range []string{"targets", "snapshot", "timestamp", RefreshRole} {
		for _, by := range []string{"stranger", "root", "targets", "snapshot", "timestamp", RefreshRole, ""} {
			if by == role {
				continue
			}
			t.Run(role+" by "+by, func(t *testing.T) {
				r := newRepo(t)
				n := newNode(t, r)
				r.list("targets", release(1, "m"))
				r.publish()
				n.takes(r.at(), 1)
				r.list("targets", release(2, "m"))
				r.keys[role] = r.keys[by]
				if by == "" { // no signature at all
					r.keys[role] = ed25519.NewKeyFromSeed(make([]byte, 32))
				}
				r.publish()
				if by == "" && role == "timestamp" {
					r.files["timestamp.json"] = sign(t, r.timestamp)
				}
				n.refused(r.at(), ErrSignature)
			})
		}
	}
}

func TestForgedRootIsRefused(t *testing.T) {
	forge := func(signers ...string) func(*repo) {
		return func(r *repo) {
			var keys []ed25519.PrivateKey
			old := r.keys["root"]
			r.rotate("root")
			for _, s := range signers {
				switch s {
				case "old":
					keys = append(keys, old)
				case "new":
					keys = append(keys, r.keys["root"])
				default:
					keys = append(keys, r.keys[s])
				}
			}
			r.files["2.root.json"] = sign(r.t, r.root, keys...)
		}
	}
	for what, do := range map[string]func(*repo){
		"nobody":        forge(),
		"only the old":  forge("old"),
		"only the new":  forge("new"),
		"targets' key":  forge("targets", "new"),
		"stranger":      forge("old", "stranger"),
		"its own alone": forge("stranger"),
	} {
		t.Run(what, func(t *testing.T) {
			r := newRepo(t)
			n := newNode(t, r)
			r.list("targets", release(1, "m"))
			r.publish()
			n.takes(r.at(), 1)
			do(r)
			r.publish()
			n.refused(r.at(), ErrSignature)
		})
	}
}

// One key under two names, or signing twice, is one signature.
func TestThresholdCountsKeys(t *testing.T) {
	r := newRepo(t)
	r.root.Signed.Roles["targets"].Threshold = 2
	r.root.Signed.Version = 2
	r.files["2.root.json"] = sign(t, r.root, r.keys["root"])
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.refused(r.at(), ErrSignature)
	for _, signers := range [][]ed25519.PrivateKey{
		{r.keys["targets"], r.keys["stranger"]},
		{r.keys["targets"], r.keys["targets"]},
	} {
		r.put("targets", &r.targets.Signed.Version, sign(t, r.targets, signers...))
		r.publishSnapshot()
		if _, err := n.Refresh(t.Context(), r.at()); err == nil {
			t.Error("one signature of two was enough")
		}
	}
}

func TestThresholdOfZeroIsRefused(t *testing.T) {
	r := newRepo(t)
	r.root.Signed.Roles["targets"].Threshold = 0
	r.root.Signed.Version = 2
	r.files["2.root.json"] = sign(t, r.root, r.keys["root"])
	r.list("targets", release(1, "m"))
	r.put("targets", &r.targets.Signed.Version, sign(t, r.targets))
	r.publishSnapshot()
	if c, err := newNode(t, r).Refresh(t.Context(), r.at()); err == nil {
		t.Errorf("unsigned targets gave %v", c)
	}
}

func TestLoweredCounterIsRefused(t *testing.T) {
	r := newRepo(t)
	n := newNode(t, r)
	r.list("targets", release(5, "m"))
	r.publish()
	n.takes(r.at(), 5)
	delete(r.targets.Signed.Targets, Target(5))
	r.list("targets", release(4, "m"))
	r.publish() // every TUF version rises, the counter falls
	n.refused(r.at(), ErrRollback)
	n.restart()
	n.refused(r.at(), ErrRollback)

	other := release(5, "another")
	delete(r.targets.Signed.Targets, Target(4))
	r.list("targets", other)
	r.publish()
	n.refused(r.at(), ErrRollback) // the same counter names another release

	r.list("targets", release(6, "m"))
	r.publish()
	n.takes(r.at(), 6)
}

func TestCounterIsThatOfTheManifest(t *testing.T) {
	r := newRepo(t)
	b, err := wire.AppendMessage(nil, release(3, "m"))
	r.must(err)
	r.listBytes("targets", 9, b)
	r.publish()
	newNode(t, r).refused(r.at(), ErrMixed)
}

func TestOldFilesAreRefused(t *testing.T) {
	r := newRepo(t)
	n := newNode(t, r)
	r.list("targets", release(1, "m"))
	r.publish()
	old := r.at()
	r.list("targets", release(2, "m"))
	r.publish()
	n.takes(r.at(), 2)
	n.refused(old, ErrRollback) // all of it, replayed
	n.restart()
	n.refused(old, ErrRollback)

	// Only the timestamp, of the same files: it would keep a node from seeing
	// that there is something new.
	frozen := r.at()
	r.publishTimestamp()
	n.takes(r.at(), 2)
	n.refused(frozen, ErrRollback)

	// A newer timestamp with an older snapshot, by a thief of the timestamp key.
	r.timestamp.Signed.Meta["snapshot.json"] = meta(2, r.files["2.snapshot.json"])
	r.publishTimestamp()
	n.refused(r.at(), ErrRollback)

	// A newer snapshot with older targets, by a thief of both online keys.
	r.snapshot.Signed.Meta["targets.json"] = meta(2, r.files["2.targets.json"])
	r.publishSnapshot()
	n.refused(r.at(), ErrRollback)

	// A newer snapshot that forgets the online role.
	delete(r.snapshot.Signed.Meta, "refresh.json")
	r.publishSnapshot()
	if _, err := n.Refresh(t.Context(), r.at()); err == nil {
		t.Error("a role vanished unseen")
	}
}

func TestFreezeIsSeenAndDoesNotStop(t *testing.T) {
	r := newRepo(t)
	n := newNode(t, r)
	r.list("targets", release(1, "m"))
	r.publish()
	n.takes(r.at(), 1)
	n.now = today.Add(3 * day) // the timestamp lives for two
	n.refused(r.at(), ErrExpired)
	n.restart()
	if n.counter() != 1 {
		t.Fatal("an expired timestamp stopped what runs")
	}
	n.refused(r.at(), ErrExpired)
	r.now, r.timestamp.Signed.Expires = n.now, n.now.Add(2*day)
	r.publishTimestamp()
	n.takes(r.at(), 1)
	for what, expires := range map[string]*time.Time{
		"snapshot": &r.snapshot.Signed.Expires,
		"targets":  &r.targets.Signed.Expires,
		"refresh":  &r.refresh.Signed.Expires,
	} {
		good := *expires
		*expires = n.now.Add(-time.Second)
		r.publish()
		t.Log(what)
		n.refused(r.at(), ErrExpired)
		*expires = good
	}
	r.publish()
	n.takes(r.at(), 1)
	n.now = today.Add(3651 * day)
	n.refused(r.at(), ErrExpired) // root itself
	n.restart()
	if n.counter() != 1 {
		t.Error("an expired root stopped what runs")
	}
}

func TestMixedFilesAreRefused(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 1)
	r.list("targets", release(2, "m"))
	r.list(RefreshRole, release(3, "n"))
	r.publish()
	now := r.at()
	manifest := ManifestFile(r.targets.Signed.Targets[Target(2)].Hashes["sha256"])
	for file, with := range map[string]string{
		"3.snapshot.json": "2.snapshot.json",
		"3.targets.json":  "2.targets.json",
		"3.refresh.json":  "2.refresh.json",
		manifest:          ManifestFile(r.targets.Signed.Targets[Target(1)].Hashes["sha256"]),
	} {
		if now[file] == nil || now[with] == nil {
			t.Fatalf("the test looks for %s and %s in vain", file, with)
		}
		n.refused(altered(now, file, now[with]), ErrMixed)
	}
	n.refused(altered(now, "timestamp.json", now["3.snapshot.json"]), ErrMalformed)
	n.refused(altered(now, "2.root.json", now["3.targets.json"]), ErrMalformed)
	n.takes(now, 3)
}

// Whatever comes truncated, flipped or too large, of any file, is refused and
// changes nothing; and so is a file that is not there.
func TestDamagedFilesAreRefused(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 1)
	was := n.disk()
	r.rotate("snapshot")
	r.list("targets", release(2, "m"))
	r.list(RefreshRole, release(3, "n"))
	r.publish()
	now := r.at()
	for file, b := range now {
		if n.state.Load().files[file] != nil && file != "timestamp.json" || strings.HasPrefix(file, "1.") || strings.HasPrefix(file, "2.") && file != "2.root.json" {
			continue // known already, or of an older set
		}
		wrong := [][]byte{nil, {}, []byte("{}"), []byte("null"), []byte(`{"signed":null,"signatures":null}`), bytes.Repeat([]byte("["), 9000), make([]byte, 300<<10)}
		for i := 1; i < 16; i++ {
			wrong = append(wrong, b[:len(b)*i/16])
			flipped := bytes.Clone(b)
			flipped[len(b)*i/16] ^= 1
			wrong = append(wrong, flipped)
		}
		for i, w := range wrong {
			if c, err := n.Refresh(t.Context(), altered(now, file, w)); err == nil {
				t.Errorf("%s wrong in way %d: %v", file, i, c)
			}
		}
		gone := func(name string) ([]byte, error) {
			if name == file {
				return nil, fs.ErrNotExist
			}
			return now.File(t.Context(), name, 1<<20)
		}
		if c, err := n.Refresh(t.Context(), source(gone)); err == nil {
			t.Errorf("%s gone: %v", file, c)
		}
	}
	if n.disk() != was || n.counter() != 1 {
		t.Error("a refusal changed the store")
	}
	n.takes(now, 3)
}

func TestEndlessDataIsRefused(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	var asked int
	n.refused(source(func(file string) ([]byte, error) { // roots without end
		if asked++; !strings.HasSuffix(file, ".root.json") {
			return nil, fs.ErrNotExist
		}
		r.root.Signed.Version++
		return sign(t, r.root, r.keys["root"]), nil
	}), ErrMalformed)
	if asked > 300 {
		t.Errorf("asked for %d roots", asked)
	}
	for _, file := range []string{"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "2.refresh.json"} {
		// Far over the limit, and good otherwise: white space is no fault in JSON.
		n.refused(altered(r.at(), file, append(bytes.Repeat([]byte(" "), 1<<20), r.files[file]...)), ErrMalformed)
	}
}

func TestMissingRootInTheChainIsRefused(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 1)
	r.rotate("timestamp")
	r.rotate("timestamp")
	r.list("targets", release(2, "m"))
	r.publish()
	now := r.at()
	delete(now, "2.root.json")
	n.refused(now, ErrSignature)
	n.refused(altered(r.at(), "2.root.json", r.files["3.root.json"]), ErrRollback)
	n.takes(r.at(), 2)
}

// After every key was replaced, a restart without a network still knows the
// release, though the enrolment's root knows none of the keys.
func TestRootRotationAndOfflineRestart(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 1)
	for _, role := range []string{"timestamp", "snapshot", "targets", "root"} {
		r.rotate(role)
	}
	r.list("targets", release(2, "m"))
	r.publish()
	n.takes(r.at(), 2)
	n.restart()
	if n.counter() != 2 {
		t.Fatalf("release %d after an offline restart", n.counter())
	}
	n.takes(r.at(), 2)
	r.list(RefreshRole, release(3, "n"))
	r.publish()
	n.takes(r.at(), 3)

	// A node that slept through all of it follows the chain.
	late := newNode(t, r)
	late.takes(r.at(), 3)
}

// Versions pushed to the end of their range by a stolen key come down again
// with the key's replacement; the release counter never does.
func TestFastForwardIsRecoveredByRotation(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(7, "m"))
	r.timestamp.Signed.Version, r.snapshot.Signed.Version = 1<<40, 1<<40
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 7)
	r.timestamp.Signed.Version, r.snapshot.Signed.Version = 100, 100
	r.publishSnapshot()
	n.refused(r.at(), ErrRollback)
	r.rotate("timestamp")
	r.rotate("snapshot")
	r.publishSnapshot()
	n.takes(r.at(), 7)
	n.restart()
	delete(r.targets.Signed.Targets, Target(7))
	r.list("targets", release(6, "m"))
	r.publish()
	n.refused(r.at(), ErrRollback)
}

func TestWrongClocks(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 1)
	r.list("targets", release(2, "m"))
	r.publish()

	n.now = today.AddDate(2, 0, 0)
	n.refused(r.at(), ErrExpired) // nothing new, and nothing stops
	n.restart()
	if n.counter() != 1 {
		t.Fatal("a clock two years ahead stopped what runs")
	}
	n.now = today
	n.takes(r.at(), 2) // the wrong time was not remembered

	n.now = today.AddDate(-2, 0, 0)
	n.restart()
	r.list("targets", release(3, "m"))
	r.publish()
	n.takes(r.at(), 3)

	// Set back, the clock revives nothing that was expired when the last
	// timestamp was issued.
	r.now = today.Add(40 * day)
	r.timestamp.Signed.Expires = r.now.Add(2 * day)
	r.publishTimestamp() // its snapshot expired after 30 days
	n.refused(r.at(), ErrExpired)
	r.snapshot.Signed.Expires = r.now.Add(30 * day)
	r.publish()
	n.takes(r.at(), 3)
	n.restart()
	r.snapshot.Signed.Expires = today.Add(30 * day)
	r.publish()
	n.refused(r.at(), ErrExpired)
}

func TestOnlineRoleChangesModelsOnly(t *testing.T) {
	base := release(10, "m")
	for what, change := range map[string]func(*wire.Release){
		"rules":         func(r *wire.Release) { r.Artifacts[1].Digest[0]++ },
		"size of rules": func(r *wire.Release) { r.Artifacts[1].Size++ },
		"a new file": func(r *wire.Release) {
			r.Artifacts = append(r.Artifacts, &wire.Artifact{Name: "x", Digest: make([]byte, 32)})
		},
		"a new model": func(r *wire.Release) {
			r.Artifacts = append(r.Artifacts, &wire.Artifact{Name: "model/x", Digest: make([]byte, 32)})
		},
		"a file less":     func(r *wire.Release) { r.Artifacts = r.Artifacts[1:] },
		"a renamed model": func(r *wire.Release) { r.Artifacts[2].Name, r.Scorers[0].Model = "model/y", "model/y" },
		"the module":      func(r *wire.Release) { r.Scorers[0].Module[0]++ },
		"the emitter":     func(r *wire.Release) { r.Scorers[0].Emitter = "2" },
		"no scorer":       func(r *wire.Release) { r.Scorers = nil },
		"the minimum":     func(r *wire.Release) { r.MinCounter++ },
		"what is unknown": func(r *wire.Release) {
			r.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRepo(t)
			r.list("targets", base)
			r.publish()
			n := newNode(t, r)
			n.takes(r.at(), 10)
			next := release(11, "better")
			change(next)
			r.list(RefreshRole, next)
			r.publish()
			n.refused(r.at(), ErrNotApproved)
			r.list("targets", next) // people may
			next.Counter = 12
			r.list("targets", next)
			r.publish()
			n.takes(r.at(), 12)
		})
	}
}

// A model update made for an older full release would bring its rules back.
func TestOnlineRoleFollowsTheNewestFullRelease(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	newer := release(2, "m")
	newer.Artifacts[1].Digest[0]++
	r.list("targets", newer)
	r.list(RefreshRole, release(3, "n"))
	r.publish()
	newNode(t, r).refused(r.at(), ErrNotApproved)
}

func TestOnlineRoleMayBeHeldToItsPaths(t *testing.T) {
	r := newRepo(t)
	r.targets.Signed.Delegations.Roles[0].Paths = []string{"other/*"}
	r.list("targets", release(1, "m"))
	r.list(RefreshRole, release(2, "n"))
	r.publish()
	newNode(t, r).refused(r.at(), ErrNotApproved)
}

func TestMalformedManifestsAreRefused(t *testing.T) {
	for what, change := range map[string]func(*wire.Release){
		"no counter":       func(r *wire.Release) { r.Counter, r.MinCounter = 0, 0 },
		"minimum above":    func(r *wire.Release) { r.MinCounter = r.Counter + 1 },
		"short digest":     func(r *wire.Release) { r.Artifacts[0].Digest = r.Artifacts[0].Digest[:31] },
		"no name":          func(r *wire.Release) { r.Artifacts[0].Name = "" },
		"a name twice":     func(r *wire.Release) { r.Artifacts[0].Name = r.Artifacts[1].Name },
		"a name too long":  func(r *wire.Release) { r.Artifacts[0].Name = strings.Repeat("x", 129) },
		"too large":        func(r *wire.Release) { r.Artifacts[0].Size = 64<<20 + 1 },
		"scorer of naught": func(r *wire.Release) { r.Scorers[0].Model = "model/none" },
		"short module":     func(r *wire.Release) { r.Scorers[0].Module = nil },
	} {
		m := release(1, "m")
		change(m)
		b, err := wire.AppendMessage(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, b := range [][]byte{nil, {1}, {0, 255}, make([]byte, wire.MaxRecord+1)} {
		if _, err := Parse(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

// Signed by the right key and yet hostile: parts that the library takes for
// granted are not there.
func TestSignedButHollowFilesAreRefused(t *testing.T) {
	for what, do := range map[string]func(*repo){
		"timestamp without snapshot": func(r *repo) { delete(r.timestamp.Signed.Meta, "snapshot.json"); r.publishTimestamp() },
		"timestamp with none": func(r *repo) {
			r.timestamp.Signed.Meta["snapshot.json"] = nil
			r.publishTimestamp()
		},
		"snapshot without targets": func(r *repo) { delete(r.snapshot.Signed.Meta, "targets.json"); r.publishSnapshot() },
		"snapshot with none": func(r *repo) {
			r.snapshot.Signed.Meta["targets.json"] = nil
			r.publishSnapshot()
		},
		"release without a file": func(r *repo) { r.targets.Signed.Targets[Target(9)] = nil; r.publish() },
		"release without a hash": func(r *repo) {
			r.targets.Signed.Targets[Target(9)] = &metadata.TargetFiles{Length: 1}
			r.publish()
		},
		"delegation without keys": func(r *repo) { r.targets.Signed.Delegations.Keys = nil; r.publish() },
		"root without roles": func(r *repo) {
			r.root.Signed.Roles = map[string]*metadata.Role{"root": r.root.Signed.Roles["root"], "timestamp": nil}
			r.root.Signed.Version = 2
			r.files["2.root.json"] = sign(r.t, r.root, r.keys["root"])
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRepo(t)
			r.list("targets", release(1, "m"))
			r.publish()
			n := newNode(t, r)
			n.takes(r.at(), 1)
			do(r)
			if c, err := n.Refresh(t.Context(), r.at()); err == nil {
				t.Fatalf("gave %v", c)
			}
			n.restart()
			if n.counter() != 1 {
				t.Error("lost the release")
			}
		})
	}
}

func TestAdmittedAreThoseVerifiedHere(t *testing.T) {
	r := newRepo(t)
	n := newNode(t, r)
	never, err := wire.AppendMessage(nil, release(4, "m"))
	r.must(err)
	if _, err := n.Admitted(never); !errors.Is(err, ErrNotApproved) {
		t.Error(err)
	}
	var all [][]byte
	for i := range uint64(3) {
		all = append(all, r.list("targets", release(i+1, "m")))
		r.publish()
		n.takes(r.at(), i+1)
	}
	n.restart()
	for i, b := range all {
		if got, err := n.Admitted(b); err != nil || got.Counter != uint64(i+1) {
			t.Errorf("release %d: %v", i+1, err)
		}
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
		if _, err := n.Admitted(b); err == nil {
			t.Errorf("release %d, flipped", i+1)
		}
	}
	if _, err := n.Admitted(never); !errors.Is(err, ErrNotApproved) {
		t.Error(err)
	}
	last := release(4, "m")
	last.MinCounter = 3
	r.list("targets", last)
	r.publish()
	n.takes(r.at(), 4)
	if _, err := n.Admitted(all[1]); !errors.Is(err, ErrRollback) {
		t.Errorf("below the minimum: %v", err)
	}
	if _, err := n.Admitted(all[2]); err != nil {
		t.Error(err)
	}
	for i := range uint64(100) {
		r.list("targets", release(i+5, "m"))
		r.publish()
		n.takes(r.at(), i+5)
	}
	if got := len(lines(n.state.Load().files)); got != maxAdmitted {
		t.Errorf("%d releases are remembered", got)
	}
	if got := len(n.state.Load().files); got != 7 {
		t.Errorf("%d files are kept", got)
	}
}

// A crash before the store is written leaves the old set, after it the new
// one; either opens offline and goes on.
func TestCrashAroundTheStore(t *testing.T) {
	crash := errors.New("crash")
	for what, save := range map[string]func(Files, string) error{
		"before": func(Files, string) error { return crash },
		"within": func(f Files, path string) error {
			if err := os.WriteFile(path+".new", f.encode()[:100], 0o600); err != nil {
				return err
			}
			return crash
		},
		"after": func(f Files, path string) error { f.Save(path); return crash },
	} {
		t.Run(what, func(t *testing.T) {
			r := newRepo(t)
			r.list("targets", release(1, "m"))
			r.publish()
			n := newNode(t, r)
			n.takes(r.at(), 1)
			for _, role := range []string{"timestamp", "snapshot", "targets", "root"} {
				r.rotate(role)
			}
			r.list("targets", release(2, "m"))
			r.publish()
			n.save = save
			if _, err := n.Refresh(t.Context(), r.at()); !errors.Is(err, crash) {
				t.Fatal(err)
			}
			n.restart()
			if got := n.counter(); got != 1 && what != "after" || got != 2 && what == "after" {
				t.Errorf("release %d", got)
			}
			n.takes(r.at(), 2)
		})
	}
}

func TestSourceCutOffChangesNothing(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 1)
	r.rotate("timestamp")
	r.list("targets", release(2, "m"))
	r.list(RefreshRole, release(3, "m2"))
	r.publish()
	cut := errors.New("cut")
	for after := range 8 {
		left := after
		n.refused(source(func(name string) ([]byte, error) {
			if left--; left < 0 {
				return nil, cut
			}
			return r.files.File(t.Context(), name, 1<<20)
		}), cut)
		n.restart()
	}
	n.takes(r.at(), 3)
}

func TestDamagedStoreIsPutAside(t *testing.T) {
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	n := newNode(t, r)
	n.takes(r.at(), 1)
	good := n.disk()
	for at := 0; at < len(good); at += 61 {
		bad := []byte(good)
		bad[at] ^= 4
		if err := os.WriteFile(n.path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		n.restart()
		if n.counter() != 0 {
			t.Fatalf("byte %d: a damaged store was believed", at)
		}
		if b, err := os.ReadFile(filepath.Join(filepath.Dir(n.path), "damaged-trust")); err != nil || !bytes.Equal(b, bad) {
			t.Fatalf("byte %d: not put aside: %v", at, err)
		}
	}
	for _, bad := range []string{"", good[:len(good)/2], good + "x"} {
		os.WriteFile(n.path, []byte(bad), 0o600)
		n.restart()
		n.takes(r.at(), 1)
	}
	// Right in form, signed by nobody.
	f, err := Load(n.path)
	if err != nil {
		t.Fatal(err)
	}
	var ts map[string]any
	json.Unmarshal(f["timestamp.json"], &ts)
	ts["signed"].(map[string]any)["version"] = 99
	f["timestamp.json"], _ = json.Marshal(ts)
	if err := f.Save(n.path); err != nil {
		t.Fatal(err)
	}
	n.restart()
	if n.counter() != 0 {
		t.Error("a store that nobody signed was believed")
	}
}

func TestEnrolmentNeedsARoot(t *testing.T) {
	r := newRepo(t)
	unsigned := sign(t, r.root)
	for _, root := range [][]byte{nil, []byte("{}"), r.files["1.targets.json"], unsigned, r.files["1.root.json"][:100]} {
		if _, err := Open(Options{Path: filepath.Join(t.TempDir(), "trust"), Root: root}); err == nil {
			t.Errorf("began at %.40q", root)
		}
	}
}

func TestTargetsAndCounters(t *testing.T) {
	for _, n := range []uint64{1, 10, 1<<64 - 1} {
		if got := counter(Target(n)); got != n {
			t.Errorf("%d became %d", n, got)
		}
	}
	for _, s := range []string{"", "1", "releases/", "releases/0", "releases/01", "releases/-1", "releases/+1", "releases/1/2", "x/1", fmt.Sprint("releases/", 1<<62, "0000")} {
		if got := counter(s); got != 0 {
			t.Errorf("%q is %d", s, got)
		}
	}
}
