package release_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/release"
)

// levels hands on how loud each line of a log is.
type levels chan slog.Level

func (l levels) Enabled(context.Context, slog.Level) bool { return true }
func (l levels) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l levels) WithGroup(string) slog.Handler            { return l }
func (l levels) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "no new release" {
		l <- r.Level
	}
	return nil
}

// TestHubThatIsAwayForAWhile: a start is no reason for a warning, nor is a short
// absence; a long one is, and so is at once a hub that is there and can't be
// believed.
func TestHubThatIsAwayForAWhile(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nil), nil)
	var clock atomic.Int64
	clock.Store(n.Now().UnixMilli())
	said := make(levels, 9)
	k, err := release.Open(release.Options{
		Dir: t.TempDir(), Engine: n.Engine, Catalogue: n.Catalogue, Trust: n.trust, Now: clock.Load, Poll: time.Hour, Log: slog.New(said),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &flaky{hub: n.hub}
	h.down.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- k.Run(ctx, h) }()
	heard := func(what string, want slog.Level) {
		t.Helper()
		select {
		case got := <-said:
			if got != want {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: nothing is said", what)
		}
	}
	later := func(d time.Duration) {
		clock.Add(d.Milliseconds())
		k.Wake()
	}
	heard("at the start", slog.LevelInfo)
	later(4 * time.Minute)
	heard("after four minutes", slog.LevelInfo)
	later(2 * time.Minute)
	heard("after six", slog.LevelWarn)
	h.down.Store(false)
	if err := k.Update(ctx, h); err != nil {
		t.Fatal(err)
	}
	h.down.Store(true)
	later(4 * time.Minute)
	heard("four minutes after it was there", slog.LevelInfo)
	h.down.Store(false)
	h.lies.Store(true)
	later(0)
	heard("with a signature of somebody else's", slog.LevelWarn)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// flaky is a hub that comes and goes while it is asked.
type flaky struct {
	*hub
	down, lies atomic.Bool
}

func (f *flaky) File(ctx context.Context, name string, limit int) ([]byte, error) {
	now := *f.hub
	now.down, now.forged = f.down.Load(), f.lies.Load()
	return now.File(ctx, name, limit)
}
