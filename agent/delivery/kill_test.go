package delivery_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/delivery"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/crashtest"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// receiver is a webhook's other end, which outlives the node.
type receiver struct {
	mu      sync.Mutex
	run     int
	got     map[string]map[int]int // by action and run: how often it was taken
	bodies  map[string][]byte
	problem string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	id := q.Header.Get("Webhook-Id")
	if err := verify(secret, q.Header, body); err != nil {
		r.problem = err.Error()
	}
	if was := r.bodies[id]; was != nil && !bytes.Equal(was, body) {
		r.problem = fmt.Sprintf("%s then %s", was, body)
	}
	r.bodies[id] = body
	if rand.IntN(4) == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.got[id] == nil {
		r.got[id] = map[int]int{}
	}
	r.got[id][r.run]++
}

// Promise 4: kill -9 at any moment, between a record and its message too, loses no
// action, sends none that is not in the log, and repeats none that was recorded as
// sent.
func TestKilledOnTheWay(t *testing.T) {
	r := &receiver{got: map[string]map[int]int{}, bodies: map[string][]byte{}}
	s := httptest.NewServer(r)
	defer s.Close()
	dir, kills := t.TempDir(), crashtest.Kills(8)
	answered, known := map[string]bool{}, map[string]bool{}
	child := func() *exec.Cmd {
		r.mu.Lock()
		r.run++
		r.mu.Unlock()
		clear(known)
		cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), "DELIVERY_CHILD="+dir, "DELIVERY_URL="+s.URL)
		return cmd
	}
	heard := func(line string) {
		kind, id, _ := strings.Cut(line, " ")
		switch kind {
		case "answered":
			answered[id] = true
		case "sent":
			known[id] = true
		}
	}
	repeated := func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for id := range known {
			if r.got[id][r.run] > 0 {
				t.Errorf("%s was known as sent and went again", id)
			}
			if len(r.got[id]) == 0 {
				t.Errorf("%s is known as sent and nobody has it", id)
			}
		}
	}
	for range kills {
		before, enough := len(answered), rand.IntN(150)
		crashtest.Kill(t, child(), func() bool { return len(answered) > before+enough }, heard)
		repeated()
	}
	last := child()
	last.Env = append(last.Env, "DELIVERY_DRAIN=1")
	out, err := last.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	inLog := map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); heard(lines.Text()) {
		if id, ok := strings.CutPrefix(lines.Text(), "log "); ok {
			inLog[id] = true
		}
	}
	repeated()
	twice := 0
	for id := range answered {
		n := 0
		for _, k := range r.got[id] {
			n += k
		}
		if n == 0 {
			t.Errorf("%s was answered and nobody has it", id)
		} else if n > 1 {
			twice++
		}
	}
	for id := range r.bodies {
		if !inLog[id] {
			t.Errorf("%s went out and is not in the log", id)
		}
	}
	if r.problem != "" {
		t.Error(r.problem)
	}
	t.Logf("%d kills, %d actions answered, %d taken, %d of them twice", kills, len(answered), len(r.got), twice)
}

// TestChild is the process that is killed; run by itself it does nothing.
func TestChild(t *testing.T) {
	dir, drain := os.Getenv("DELIVERY_CHILD"), os.Getenv("DELIVERY_DRAIN") != ""
	if dir == "" {
		return
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	log, err := journal.Open(filepath.Join(dir, "log"), journal.Options{FileBytes: 1 << 20, MinFree: 1})
	must(err)
	st, err := store.Open(dir, log, store.Options{FlushEvery: time.Millisecond, FlushRows: 16, CheckpointBytes: 8 << 10})
	must(err)
	actions := coordinate.NewActions(st, coordinate.New(st, catalogue.New(st)))
	must(st.Recover(ctx))
	for _, x := range actions.List("", wire.ActionState_ACTION_SENT) {
		fmt.Println("sent", coordinate.ActionID(x.Id))
	}
	go func() { _ = st.Run(ctx) }()
	go func() { _ = log.Run(ctx) }()
	c := delivery.New(delivery.Options{Store: st, Actions: actions, Site: "north", MinPause: time.Millisecond, MaxPause: 4 * time.Millisecond,
		Doors: map[string]delivery.Door{"pricing": webhook(t, os.Getenv("DELIVERY_URL"))}})
	go func() { _ = c.Run(ctx) }()
	for i := 0; !drain; i++ {
		id := uuid.Must(uuid.NewV7())
		d := &wire.Decision{Id: id[:], EventId: strconv.Itoa(i), Slot: "s", Items: []string{"tea"}, Shown: []*wire.Shown{{}},
			Plans: []*wire.Plan{{Function: "pricing", Kind: "label", TtlMs: 3_600_000}}}
		seq, err := st.Commit(&wire.Record{Body: &wire.Record_Decision{Decision: d}}, nil)
		must(err)
		must(st.Sync(ctx, seq))
		fmt.Println("answered", coordinate.NewActionID(d.Id, 0, 0))
	}
	for tick := time.NewTicker(time.Millisecond); len(actions.List("", wire.ActionState_ACTION_APPROVED)) > 0; {
		<-tick.C
	}
	for seq := log.First(); seq <= log.Last(); seq++ {
		rec, err := st.Record(seq)
		must(err)
		if d := rec.GetDecision(); d != nil {
			fmt.Println("log", coordinate.NewActionID(d.Id, 0, 0))
		}
	}
}
