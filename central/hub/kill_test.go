package hub

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/sync/crashtest"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
)

const childDir, childAddress, childKey = "AISLE_TEST_HUB_DIR", "AISLE_TEST_HUB_ADDRESS", "AISLE_TEST_HUB_KEY"

// TestMain makes this binary a hub when it is its own child.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		h, err := Start(context.Background(), Config{Dir: dir, Address: os.Getenv(childAddress),
			Lookup: func(public string) (string, string, bool) { return "kiosk", "shop", public == os.Getenv(childKey) }})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(h.URL())
		io.Copy(io.Discard, os.Stdin) // until the parent goes
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child runs a hub in a process of its own and gives its address.
func child(t *testing.T, dir, address, key string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childAddress+"="+address, childKey+"="+key)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cmd.Wait()
		t.Fatalf("the child hub did not start: %v", err)
	}
	return cmd, strings.TrimPrefix(strings.TrimSpace(line), "nats://")
}

// A hub killed at any moment keeps every segment that it acknowledged.
func TestAcknowledgedSegmentsSurviveAKill(t *testing.T) {
	kills := crashtest.Kills(12)
	dir := t.TempDir()
	key, _ := nkeys.CreateUser()
	cmd, addr := child(t, dir, "127.0.0.1:0", public(t, key))
	node, _ := subject.NewNode("shop", "kiosk")
	a := running(t, link.NewAgent(link.Config{URLs: []string{"nats://" + addr}, Public: public(t, key), Sign: key.Sign,
		MinBackoff: 5 * time.Millisecond, MaxBackoff: 20 * time.Millisecond}, node))

	var mu sync.Mutex
	var acked []string
	var count atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	step := make(chan struct{}, 1)
	for w := range 4 {
		writers.Go(func() {
			for i := 0; a.Wait(ctx) == nil; i++ {
				id := fmt.Sprintf("%d-%d", w, i)
				if a.Send(ctx, id, []byte("segment "+id)) != nil {
					continue // never acknowledged: the hub owes us nothing
				}
				mu.Lock()
				acked = append(acked, id)
				mu.Unlock()
				count.Add(1)
				select {
				case step <- struct{}{}:
				default:
				}
			}
		})
	}
	for k := range kills {
		for goal := count.Load() + int64(10+7*(k%12)); count.Load() < goal; {
			select {
			case <-step:
			case <-time.After(30 * time.Second):
				t.Fatal("no progress")
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
		cmd, _ = child(t, dir, addr, public(t, key))
	}
	cancel()
	writers.Wait()
	cmd.Process.Kill()
	cmd.Wait()

	h, err := Start(t.Context(), Config{Dir: dir, Address: "127.0.0.1:0", Lookup: (&fleet{}).lookup})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	c := running(t, link.NewCentral(h.Link()))
	seen := map[string]bool{}
	for missing(acked, seen) != "" {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		batch, err := c.Fetch(ctx, 256)
		cancel()
		if err != nil {
			t.Fatalf("of %d acknowledged segments %s is missing", len(acked), missing(acked, seen))
		}
		for _, d := range batch {
			if string(d.Data) != "segment "+d.ID || seen[d.ID] {
				t.Errorf("%s is stored twice or wrong", d.ID)
			}
			seen[d.ID] = true
			if err := d.Done(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d kills, %d segments acknowledged, none missing and none twice", kills, len(acked))
}

func missing(acked []string, seen map[string]bool) string {
	for _, id := range acked {
		if !seen[id] {
			return id
		}
	}
	return ""
}

// A killed process loses nothing that the kernel has; a power cut does. That the
// disk comes before the acknowledgement is a setting, and this is it.
func TestDiskComesBeforeTheAcknowledgement(t *testing.T) {
	h, _ := start(t, t.TempDir(), link.Limits{})
	if c := h.server.JetStreamConfig(); !c.SyncAlways {
		t.Error("acknowledged before synced")
	}
}
