package profile

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/sync/wire"
)

var rewriteGolden = flag.Bool("rewrite", false, "write the golden files of the current version anew")

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1) // damage is what half of these tests are about
	os.Exit(m.Run())
}

const marker = "PLANTED-MARKER-VALUE"

func person(i int) wire.Pseudonym {
	return wire.Pseudonymise([]byte("secret"), wire.Person, fmt.Sprint(i))
}

func open(t testing.TB, dir string) *Vault {
	t.Helper()
	v, err := OpenVault(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheSameVersionOfTheSamePersonOpens(t *testing.T) {
	v := open(t, t.TempDir())
	sealed := must[[]byte](t)(v.Seal(nil, person(1), 7, []byte(marker)))
	must[[]byte](t)(v.Seal(nil, person(2), 7, nil)) // has a key
	if plain, err := v.Open([]byte("x"), person(1), 7, sealed); err != nil || string(plain) != "x"+marker {
		t.Errorf("%q, %v", plain, err)
	}
	if bytes.Contains(sealed, []byte(marker)) || len(sealed) != len(marker)+overhead {
		t.Errorf("sealed as %d bytes: %q", len(sealed), sealed)
	}
	for name, err := range map[string]error{
		"another version": second(v.Open(nil, person(1), 8, sealed)),
		"another person":  second(v.Open(nil, person(2), 7, sealed)),
		"cut":             second(v.Open(nil, person(1), 7, sealed[:len(sealed)-1])),
		"empty":           second(v.Open(nil, person(1), 7, nil)),
	} {
		if !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.Open(nil, person(3), 7, sealed); !errors.Is(err, ErrNoKey) {
		t.Errorf("nobody: %v", err)
	}
	again := must[[]byte](t)(v.Seal(nil, person(1), 7, []byte(marker)))
	if bytes.Equal(again, sealed) {
		t.Error("sealing twice gives the same bytes")
	}
}

func second[T any](_ T, err error) error { return err }

// What a Sync confirmed is there after a crash, however the end of the file is
// torn; what it did not confirm is absent, and no error.
func TestKeysSurviveFromTheirSyncOn(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	path := filepath.Join(dir, "profiles.keys")
	sealed := map[int][]byte{}
	synced := map[int]int{} // by size of the file
	for i := range 5 {
		sealed[i] = must[[]byte](t)(v.Seal(nil, person(i), 1, []byte(marker)))
		if err := second(open(t, copied(t, dir)).Open(nil, person(i), 1, sealed[i])); !errors.Is(err, ErrNoKey) {
			t.Fatalf("before Sync: %v", err)
		}
		check(t, v.Sync())
		synced[int(must[os.FileInfo](t)(os.Stat(path)).Size())] = i + 1
	}
	whole := must[[]byte](t)(os.ReadFile(path))
	held := 0
	for cut := headerSize; cut <= len(whole); cut++ {
		held = max(held, synced[cut])
		torn := copied(t, dir)
		check(t, os.WriteFile(filepath.Join(torn, "profiles.keys"), whole[:cut], 0o600))
		v := open(t, torn)
		for i := range held {
			must[[]byte](t)(v.Open(nil, person(i), 1, sealed[i]))
		}
		// And new keys go behind what is whole.
		again := must[[]byte](t)(v.Seal(nil, person(99), 1, []byte(marker)))
		check(t, v.Sync())
		must[[]byte](t)(open(t, torn).Open(nil, person(99), 1, again))
	}
	if held != 5 {
		t.Fatalf("%d of 5 keys tested", held)
	}
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	check(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

func TestADamagedEntryIsOnePersonsLoss(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	var sealed [3][]byte
	for i := range sealed {
		sealed[i] = must[[]byte](t)(v.Seal(nil, person(i), 1, []byte(marker)))
	}
	check(t, v.Sync())
	path := filepath.Join(dir, "profiles.keys")
	b := must[[]byte](t)(os.ReadFile(path))
	b[headerSize+entrySize+40] ^= 1
	check(t, os.WriteFile(path, b, 0o600))
	v = open(t, dir)
	must[[]byte](t)(v.Open(nil, person(0), 1, sealed[0]))
	must[[]byte](t)(v.Open(nil, person(2), 1, sealed[2]))
	if err := second(v.Open(nil, person(1), 1, sealed[1])); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
}

// Whatever happens to the key files, the node starts; nothing opens wrongly.
func TestUnreadableKeyFilesAreSetAside(t *testing.T) {
	for name, harm := range map[string]func(dir string) error{
		"header":         func(d string) error { return os.WriteFile(filepath.Join(d, "profiles.keys"), make([]byte, 500), 0o600) },
		"empty":          func(d string) error { return os.Truncate(filepath.Join(d, "profiles.keys"), 0) },
		"no master":      func(d string) error { return os.Remove(filepath.Join(d, "master.key")) },
		"damaged master": func(d string) error { return os.Truncate(filepath.Join(d, "master.key"), 20) },
	} {
		dir := t.TempDir()
		v := open(t, dir)
		sealed := must[[]byte](t)(v.Seal(nil, person(1), 1, []byte(marker)))
		check(t, v.Sync())
		check(t, harm(dir))
		v = open(t, dir)
		if err := second(v.Open(nil, person(1), 1, sealed)); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "profiles.keys.quarantine")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again := must[[]byte](t)(v.Seal(nil, person(1), 2, []byte(marker)))
		check(t, v.Sync())
		must[[]byte](t)(open(t, dir).Open(nil, person(1), 2, again))
	}
}

func TestRewriteForgets(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	var sealed [10][]byte
	for i := range sealed {
		sealed[i] = must[[]byte](t)(v.Seal(nil, person(i), 1, []byte(marker)))
	}
	check(t, v.Sync())
	before := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "profiles.keys")))
	keep := map[wire.Pseudonym]bool{person(2): true, person(5): true}
	check(t, v.Rewrite(func(who wire.Pseudonym) bool { return keep[who] }))
	late := must[[]byte](t)(v.Seal(nil, person(77), 1, []byte(marker)))
	check(t, v.Sync())
	for _, v := range []*Vault{v, open(t, dir)} {
		for i := range sealed {
			if _, err := v.Open(nil, person(i), 1, sealed[i]); (err == nil) != keep[person(i)] {
				t.Errorf("person %d: %v", i, err)
			}
		}
		must[[]byte](t)(v.Open(nil, person(77), 1, late))
	}
	after := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "profiles.keys")))
	if bytes.Equal(before[12:28], after[12:28]) {
		t.Error("the epoch is the same")
	}
	if _, err := os.Stat(filepath.Join(dir, "profiles.keys.old")); err == nil {
		t.Error("the old keys are still there")
	}
}

// A crash inside of a rewrite leaves the old keys or the new ones.
func TestCrashInARewrite(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	sealed := must[[]byte](t)(v.Seal(nil, person(1), 1, []byte(marker)))
	check(t, v.Sync())
	old := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "profiles.keys")))
	check(t, v.Rewrite(func(wire.Pseudonym) bool { return false }))
	forgot := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "profiles.keys")))

	state := func(files map[string][]byte) *Vault {
		d := copied(t, dir)
		check(t, os.Remove(filepath.Join(d, "profiles.keys")))
		for name, b := range files {
			check(t, os.WriteFile(filepath.Join(d, name), b, 0o600))
		}
		v := open(t, d)
		if _, err := os.Stat(filepath.Join(d, "profiles.keys.old")); err == nil {
			t.Error("the old file is still there")
		}
		return v
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		opens bool
	}{
		"renamed":           {map[string][]byte{"profiles.keys.old": old}, true},
		"half written":      {map[string][]byte{"profiles.keys.old": old, "profiles.keys.new": forgot[:50]}, true},
		"written":           {map[string][]byte{"profiles.keys.old": old, "profiles.keys.new": forgot}, true},
		"in place":          {map[string][]byte{"profiles.keys.old": old, "profiles.keys": forgot}, false},
		"old key destroyed": {map[string][]byte{"profiles.keys.old": make([]byte, len(old)), "profiles.keys": forgot}, false},
		"done":              {map[string][]byte{"profiles.keys": forgot}, false},
	} {
		if _, err := state(c.files).Open(nil, person(1), 1, sealed); (err == nil) != c.opens {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVaultBesideItself(t *testing.T) {
	v := open(t, t.TempDir())
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 50 {
				sealed, err := v.Seal(nil, person(i), uint64(g), []byte(marker))
				if err == nil {
					_, err = v.Open(nil, person(i), uint64(g), sealed)
				}
				if err == nil && i%10 == 0 {
					err = v.Sync()
				}
				if err == nil && i%25 == 0 {
					err = v.Rewrite(func(wire.Pseudonym) bool { return true })
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// The newest version counts, in whatever order versions come.
func TestRowsKeepTheNewestVersion(t *testing.T) {
	var rows *Rows
	n := storetest.New(t, func(st *store.Store) { rows = NewRows(st) })
	who := person(1)
	put := func(version uint64, body string) {
		p := &wire.Profile{Pseudonym: who[:], Version: version, Body: []byte(body)}
		must[uint64](t)(n.Store.Commit(&wire.Record{Body: &wire.Record_Profile{Profile: p}}, nil))
	}
	put(2, "two")
	put(1, "one")
	put(2, "two again")
	for range 2 {
		check(t, n.Store.View(func(v *store.View) error {
			if version, body := rows.Get(v, who); version != 2 || string(body) != "two" {
				t.Errorf("%d %q", version, body)
			}
			if version, body := rows.Get(v, person(2)); version != 0 || body != nil {
				t.Errorf("nobody: %d %q", version, body)
			}
			return nil
		}))
		n.Restart()
	}
}

func decision(at time.Time, n byte) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16)
	id[6], id[15] = 0x70, n
	return id
}

func TestReplayParts(t *testing.T) {
	v := open(t, t.TempDir())
	must[[]byte](t)(v.Seal(nil, person(1), 1, nil))
	dir := t.TempDir()
	r := must[*Replay](t)(OpenReplay(dir, v, ReplayOptions{}))
	start := time.UnixMilli(1_767_225_600_000)
	var ids [][16]byte
	for i := range byte(200) {
		id := decision(start.Add(time.Duration(i)*time.Hour/2), i)
		ids = append(ids, id)
		check(t, r.Append(id, person(1), []byte(marker+string(i))))
	}
	if err := r.Append(decision(start, 255), person(2), nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("a person without a key: %v", err)
	}
	now := start.Add(100 * time.Hour)
	for _, reopened := range []bool{false, true} {
		if reopened {
			check(t, r.Expire(now.UnixMilli()))
			check(t, r.Close())
			r = must[*Replay](t)(OpenReplay(dir, v, ReplayOptions{}))
		}
		for i, id := range ids {
			part, err := r.Fetch(id, now.UnixMilli())
			age := now.Sub(start.Add(time.Duration(i) * time.Hour / 2))
			switch {
			case age <= 72*time.Hour && (err != nil || string(part) != marker+string(byte(i))):
				t.Errorf("after %v: %q, %v", age, part, err)
			case age > 73*time.Hour && !errors.Is(err, ErrGone):
				t.Errorf("after %v: %q, %v", age, part, err)
			}
		}
		if _, err := r.Fetch(decision(now, 0), now.UnixMilli()); !errors.Is(err, ErrGone) {
			t.Errorf("one that was never kept: %v", err)
		}
	}
	if files := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(files) != 72 {
		t.Errorf("%d files after 72 hours", len(files))
	}
	for _, e := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
		if bytes.Contains(must[[]byte](t)(os.ReadFile(filepath.Join(dir, e.Name()))), []byte(marker)) {
			t.Fatal("a part lies in the open")
		}
	}
	check(t, v.Rewrite(func(wire.Pseudonym) bool { return false }))
	if _, err := r.Fetch(ids[199], now.UnixMilli()); !errors.Is(err, ErrGone) {
		t.Errorf("the person was forgotten: %v", err)
	}
}

// A torn or damaged file gives what is whole before it, and takes new parts.
// TestForgottenPartsAreNowhere: not even the pseudonym is left in the files, while
// parts of others stay and come in meanwhile.
func TestForgottenPartsAreNowhere(t *testing.T) {
	v := open(t, t.TempDir())
	for i := range 3 {
		must[[]byte](t)(v.Seal(nil, person(i), 1, nil))
	}
	dir := t.TempDir()
	r := must[*Replay](t)(OpenReplay(dir, v, ReplayOptions{}))
	start := time.UnixMilli(1_767_225_600_000)
	var ids [][16]byte
	put := func(i int) {
		ids = append(ids, decision(start.Add(time.Duration(i)*time.Minute), byte(i)))
		check(t, r.Append(ids[i], person(i%3), fmt.Appendf(nil, "part %d", i)))
	}
	for i := range 200 {
		put(i)
	}
	check(t, os.WriteFile(filepath.Join(dir, "5.part.new"), []byte("torn"), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "6.part"), append([]byte("damaged"), ids[1][:]...), 0o600))
	one := person(1)
	if !grep(t, dir, one[:]) {
		t.Fatal("nothing was planted")
	}
	check(t, v.Rewrite(func(who wire.Pseudonym) bool { return who != one }))
	var beside sync.WaitGroup
	beside.Go(func() {
		for i := 200; i < 220; i++ {
			if i%3 == 1 { // would be of the forgotten
				ids = append(ids, decision(start.Add(4*time.Hour), byte(i)))
				if err := r.Append(ids[i], one, nil); !errors.Is(err, ErrNoKey) {
					t.Error(err)
				}
				continue
			}
			put(i)
		}
	})
	check(t, r.Forget(one))
	beside.Wait()
	if grep(t, dir, one[:]) || grep(t, dir, ids[1][:]) || grep(t, dir, []byte("torn")) {
		t.Error("the folder still names the person or a decision of theirs")
	}
	for i, id := range ids {
		part, err := r.Fetch(id, start.UnixMilli())
		if i%3 == 1 && !errors.Is(err, ErrGone) || i%3 != 1 && (err != nil || string(part) != fmt.Sprint("part ", i)) {
			t.Errorf("%d: %q, %v", i, part, err)
		}
	}
	check(t, r.Close())
}

func grep(t *testing.T, dir string, what []byte) bool {
	t.Helper()
	for _, e := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
		if bytes.Contains(must[[]byte](t)(os.ReadFile(filepath.Join(dir, e.Name()))), what) {
			return true
		}
	}
	return false
}

func TestReplayTornAnywhere(t *testing.T) {
	v := open(t, t.TempDir())
	must[[]byte](t)(v.Seal(nil, person(1), 1, nil))
	at := time.UnixMilli(1_767_225_600_000)
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		check(t, err)
		r := must[*Replay](t)(OpenReplay(dir, v, ReplayOptions{}))
		const size = partHeader + overhead + len(marker)
		for i := range byte(5) {
			check(t, r.Append(decision(at, i), person(1), []byte(marker)))
		}
		check(t, r.Close())
		path := r.path(hourOf(decision(at, 0)))
		b := must[[]byte](t)(os.ReadFile(path))
		harm := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
		if rapid.Bool().Draw(rt, "cut") {
			b = b[:harm]
		} else {
			b[harm] ^= 0x10
		}
		check(t, os.WriteFile(path, b, 0o600))
		check(t, r.Append(decision(at, 99), person(1), []byte(marker)))
		for i := range byte(5) {
			part, err := r.Fetch(decision(at, i), at.UnixMilli())
			if whole := harm >= replayHeader+(int(i)+1)*size; whole != (err == nil) || err == nil && string(part) != marker {
				rt.Fatalf("part %d, harm at %d: %q, %v", i, harm, part, err)
			}
		}
		if _, err := r.Fetch(decision(at, 99), at.UnixMilli()); err != nil {
			rt.Fatal(err)
		}
		check(t, r.Close())
	})
}

func TestReplayIsBounded(t *testing.T) {
	v := open(t, t.TempDir())
	must[[]byte](t)(v.Seal(nil, person(1), 1, nil))
	r := must[*Replay](t)(OpenReplay(t.TempDir(), v, ReplayOptions{MaxBytes: 3500}))
	defer r.Close()
	at := time.UnixMilli(1_767_225_600_000)
	for i := range byte(10) {
		check(t, r.Append(decision(at.Add(time.Duration(i)*time.Hour), i), person(1), make([]byte, 1000)))
	}
	check(t, r.Expire(at.UnixMilli()))
	var held []byte
	for i := range byte(10) {
		if _, err := r.Fetch(decision(at.Add(time.Duration(i)*time.Hour), i), at.UnixMilli()); err == nil {
			held = append(held, i)
		}
	}
	if fmt.Sprint(held) != "[7 8 9]" {
		t.Errorf("held %v, want the newest three", held)
	}
	if err := r.Append(decision(at, 1), person(1), make([]byte, maxPart)); err == nil {
		t.Error("a part without a limit")
	}
}

// What version 0 wrote is read for ever.
func TestGoldenVersion0(t *testing.T) {
	dir := filepath.Join("testdata", "v0")
	text := filepath.Join(dir, "sealed.txt")
	who, id := person(1), decision(time.UnixMilli(1_767_225_600_000), 1)
	if *rewriteGolden {
		check(t, os.RemoveAll(dir))
		v := open(t, filepath.Join(dir, "keys"))
		sealed := must[[]byte](t)(v.Seal(nil, who, 3, []byte("body")))
		check(t, v.Sync())
		check(t, os.WriteFile(text, []byte(hex.EncodeToString(sealed)), 0o644))
		r := must[*Replay](t)(OpenReplay(filepath.Join(dir, "replay"), v, ReplayOptions{}))
		check(t, r.Append(id, who, []byte("part")))
		check(t, r.Close())
	}
	dir = copied(t, dir)
	v := open(t, filepath.Join(dir, "keys"))
	sealed := must[[]byte](t)(hex.DecodeString(strings.TrimSpace(string(must[[]byte](t)(os.ReadFile(text))))))
	if body, err := v.Open(nil, who, 3, sealed); err != nil || string(body) != "body" {
		t.Errorf("%q, %v", body, err)
	}
	r := must[*Replay](t)(OpenReplay(filepath.Join(dir, "replay"), v, ReplayOptions{}))
	if part, err := r.Fetch(id, 1_767_225_600_000); err != nil || string(part) != "part" {
		t.Errorf("%q, %v", part, err)
	}
}

func FuzzKeys(f *testing.F) {
	k := key{1}
	file := &keyFile{wrap: aead(k)}
	f.Add(file.entry(nil, person(1), key{2}))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, broken := file.parseEntries(b)
		if len(keys)+broken > len(b)/entrySize {
			t.Errorf("%d keys, %d broken from %d bytes", len(keys), broken, len(b))
		}
		if _, _, err := parseHeader(b, k); err == nil {
			t.Log("a header")
		}
	})
}

func FuzzReplay(f *testing.F) {
	f.Add([]byte(replayMagic + "\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		end, err := scan(bytes.NewReader(b), func([16]byte, wire.Pseudonym, []byte) error { return nil })
		if err != nil || end > int64(len(b)) {
			t.Errorf("%d of %d bytes, %v", end, len(b), err)
		}
	})
}

// BenchmarkOpenProfile opens a body of 1 KiB, of another person each time or of some
// who come again: a decision does it once.
func BenchmarkOpenProfile(b *testing.B) {
	v := open(b, b.TempDir())
	const persons = 50_000
	sealed := make([][]byte, persons)
	for i := range sealed {
		sealed[i] = must[[]byte](b)(v.Seal(nil, person(i), 1, make([]byte, 1<<10)))
	}
	check(b, v.Sync())
	who := make([]wire.Pseudonym, persons)
	for i := range who {
		who[i] = person(i)
	}
	for name, n := range map[string]int{"others": persons, "again": 50} {
		b.Run(name, func(b *testing.B) {
			var buf []byte
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				i++
				var err error
				if buf, err = v.Open(buf[:0], who[i%n], 1, sealed[i%n]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStall is the longest that somebody waits to open a profile while the keys
// of 100,000 persons are rewritten.
func BenchmarkStall(b *testing.B) {
	v := open(b, b.TempDir())
	for i := range 100_000 {
		must[[]byte](b)(v.Seal(nil, person(i), 1, nil))
	}
	sealed := must[[]byte](b)(v.Seal(nil, person(1), 1, make([]byte, 1<<10)))
	check(b, v.Sync())
	longest := time.Duration(0)
	for b.Loop() {
		done := make(chan error)
		go func() { done <- v.Rewrite(func(who wire.Pseudonym) bool { return who != person(2) }) }()
		for running := true; running; {
			start := time.Now()
			must[[]byte](b)(v.Open(nil, person(1), 1, sealed))
			longest = max(longest, time.Since(start))
			select {
			case err := <-done:
				check(b, err)
				running = false
			default:
			}
		}
	}
	b.ReportMetric(float64(longest.Microseconds()), "longest-µs")
	quiet := time.Duration(0)
	for range 100_000 {
		start := time.Now()
		must[[]byte](b)(v.Open(nil, person(1), 1, sealed))
		quiet = max(quiet, time.Since(start))
	}
	b.ReportMetric(float64(quiet.Microseconds()), "longest-without-µs")
}

// BenchmarkLoad50000 gives 50,000 persons keys and rows, all durable at the end,
// and opens them again.
func BenchmarkLoad50000(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		v := open(b, dir)
		n := storetest.New(b, func(st *store.Store) { NewRows(st) })
		var last uint64
		body := make([]byte, 250)
		for i := range 50_000 {
			who := person(i)
			p := &wire.Profile{Pseudonym: who[:], Version: 1, Body: must[[]byte](b)(v.Seal(nil, who, 1, body))}
			last = must[uint64](b)(n.Store.Commit(&wire.Record{Body: &wire.Record_Profile{Profile: p}}, nil))
			check(b, n.Store.Pace(context.Background()))
		}
		check(b, v.Sync())
		check(b, n.Store.Sync(context.Background(), last))
		start := time.Now()
		open(b, dir)
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-open-keys")
		n.Close()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/load")
}

func BenchmarkReplayAppend(b *testing.B) {
	v := open(b, b.TempDir())
	must[[]byte](b)(v.Seal(nil, person(1), 1, nil))
	r := must[*Replay](b)(OpenReplay(b.TempDir(), v, ReplayOptions{}))
	part := make([]byte, 200)
	id := decision(time.Now(), 1)
	b.ReportAllocs()
	for b.Loop() {
		check(b, r.Append(id, person(1), part))
	}
}
