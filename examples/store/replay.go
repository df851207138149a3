package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/examples/internal/journey"
	"github.com/aisle-edge/aisle/examples/internal/loop"
	"github.com/aisle-edge/aisle/examples/kiosk"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	predicting = "next_basket" // the slot
	candidates = 60            // of a request
	floor      = 0.05          // of the margin, as rules.yaml says
	aSecond    = 200           // baskets, at speed 1
	settle     = 40 * time.Second
)

// replay runs the baskets of The Complete Journey to their end. It begins anew
// each time: what an earlier run learned knows how the baskets go on.
func replay(ctx context.Context, o Options) (err error) {
	screen := newScreen(o)
	dir := filepath.Join(o.Var, "journey")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(dir, "import"), 0o755)); err != nil {
		return err
	}
	screen.say("reading %s", o.Data)
	data, err := journey.Open(o.Data, journey.Options{Spill: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	introduce(screen, data)
	release, err := fs.Sub(folders, "journey")
	if err != nil {
		return err
	}
	l, err := loop.Start(ctx, loop.Options{
		Bin: o.Bin, Var: dir, Port: o.Port, Release: release, Sites: []string{"store-1", "store-2"},
		Pages: map[string]fs.FS{"/kiosk": kiosk.Page}, Every: refresh, Say: screen.say,
	})
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() {
		screen.say("stopping")
		err = errors.Join(err, l.Stop())
	}()
	r := newReplay(data, l)
	if err := r.open(ctx, filepath.Join(dir, "import")); err != nil {
		return interrupted(ctx, err)
	}
	if err := welcome(ctx, o, l, screen); err != nil {
		return interrupted(ctx, err)
	}
	return r.live(ctx, o, screen)
}

func introduce(s *screen, d *journey.Data) {
	c, weeks := d.Counts(), d.Weeks()
	dangling, skipped := 0, 0
	for _, n := range c.Dangling {
		dangling += n
	}
	for _, n := range c.Skipped {
		skipped += n
	}
	s.say("%d products, %d rows of baskets in weeks %d to %d; %d rows can't be read, %d ids name nothing and are passed over",
		len(d.Items()), c.Rows["transactions"], weeks[0], weeks[len(weeks)-1], skipped, dangling)
	s.say("%s", journey.Generated)
}

// replayer plays the baskets. Only replay's own goroutine calls next; the rest
// is guarded by the forecast.
type replayer struct {
	data     *journey.Data
	loop     *loop.Loop
	memory   *journey.Memory
	counted  []map[string]int // by agent: what it is told there is
	week     int
	forecast *forecasts
}

func newReplay(d *journey.Data, l *loop.Loop) *replayer {
	r := &replayer{data: d, loop: l, memory: journey.NewMemory(d), forecast: newForecasts(d)}
	for range l.Agents {
		r.counted = append(r.counted, map[string]int{})
	}
	return r
}

// open brings the range and the households to both agents.
func (r *replayer) open(ctx context.Context, dir string) error {
	now := time.Now()
	for i, a := range r.loop.Agents {
		if err := importFile(ctx, a, dir, "items", func(out io.Writer) error { return r.data.WriteItems(out, i) }); err != nil {
			return err
		}
		if err := importFile(ctx, a, dir, "profiles", func(out io.Writer) error { return r.data.WriteProfiles(out, now) }); err != nil {
			return err
		}
	}
	return nil
}

// live plays all baskets, waits until what came of them is learned, and ends.
func (r *replayer) live(ctx context.Context, o Options, screen *screen) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	began := time.Now()
	w := &watch{loop: r.loop, began: began, forecast: r.forecast.now}
	g, watching := errgroup.WithContext(watching)
	g.Go(func() error { return r.loop.Run(watching) })
	g.Go(func() error { return w.run(watching, o.Every, screen) })
	g.Go(func() error {
		defer stop()
		if err := r.play(watching, o, began); err != nil {
			return err
		}
		screen.say("all baskets are played; waiting until the centre has learned from the last")
		return r.settle(watching, w)
	})
	err := g.Wait()
	screen.last(w.latest())
	return interrupted(ctx, err)
}

func (r *replayer) play(ctx context.Context, o Options, began time.Time) error {
	n := 0
	for b, err := range r.data.Baskets() {
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(began.Add(time.Duration(float64(n) / aSecond / o.Speed * float64(time.Second))))):
		}
		if o.For > 0 && time.Since(began) > o.For {
			return nil
		}
		if err := r.basket(ctx, b); err != nil {
			return fmt.Errorf("play basket %s: %w", b.ID, err)
		}
		n++
	}
	return nil
}

// basket is predicted, bought and remembered, in this order.
func (r *replayer) basket(ctx context.Context, b journey.Basket) error {
	if b.Week != r.week {
		if err := r.deliver(ctx, b.Week); err != nil {
			return err
		}
	}
	agent := r.data.Agent(b.Store)
	known := slices.Contains(journey.Granted(b.Household), wire.PersonalisedOffers)
	if list := r.memory.Candidates(b, known, candidates); len(list) > 0 {
		if err := r.predict(ctx, agent, b, known, list); err != nil {
			return err
		}
	}
	if err := r.sell(ctx, agent, b); err != nil {
		return err
	}
	r.memory.Learn(b, known)
	r.forecast.played(b)
	return nil
}

// deliver begins a week: shelves are filled, and counted.
func (r *replayer) deliver(ctx context.Context, week int) error {
	r.week = week
	for i, a := range r.loop.Agents {
		var counts []localapi.Count
		for _, it := range r.data.Items() {
			_, counted := r.data.Delivered(i, it, week)
			if old, told := r.counted[i][it.ID]; told && old == counted {
				continue
			}
			r.counted[i][it.ID] = counted
			counts = append(counts, localapi.Count{ItemID: it.ID, OnHand: int64(counted)})
		}
		for part := range slices.Chunk(counts, 5000) {
			if err := loop.Insist(ctx, func() error { return a.Count(ctx, part) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// predict asks the agent what this household will buy now, and tells it what of
// that was bought. The other ways to predict are given what the rules would let
// them show.
func (r *replayer) predict(ctx context.Context, agent int, b journey.Basket, known bool, list []journey.Candidate) error {
	person := "" // who grants nothing is nobody
	if known {
		person = b.Household
	}
	q := loop.Question{EventID: "basket-" + b.ID, Slot: predicting, ProfileID: person, SessionID: "basket-" + b.ID}
	for _, c := range list {
		q.Actions = append(q.Actions, loop.Action{ID: c.Product, Features: c.Features})
	}
	a := r.loop.Agents[agent]
	var shown []string
	arm := ""
	err := loop.Insist(ctx, func() error {
		answer, err := a.Decide(ctx, q)
		if err != nil {
			return err
		}
		shown = shown[:0]
		for _, it := range answer.Items {
			shown = append(shown, it.ID)
		}
		if len(answer.Experiments) > 0 && answer.Degraded == "none" {
			arm = answer.Experiments[0].Arm
		}
		return nil
	})
	if err != nil {
		return err
	}
	if arm == "learned" {
		n := len(shown)
		r.forecast.add(b,
			journey.Prediction{Name: "learned", Products: shown},
			journey.Prediction{Name: "popularity", Products: r.allowed(agent, r.memory.Popular(10*candidates), n)},
			journey.Prediction{Name: "last bought", Products: r.allowed(agent, r.memory.LastBought(person, 10*candidates), n)})
	}
	return r.tell(ctx, a, q.EventID, shown, b)
}

// allowed are the first n that the rules would let be shown.
func (r *replayer) allowed(agent int, products []string, n int) (list []string) {
	for _, id := range products {
		it, _ := r.data.Item(id)
		if len(list) < n && r.counted[agent][id] > 0 && float64(it.Price-it.Cost) >= floor*float64(it.Price) {
			list = append(list, id)
		}
	}
	return list
}

// tell tells what of the shown was bought.
func (r *replayer) tell(ctx context.Context, a *loop.Agent, event string, shown []string, b journey.Basket) error {
	var outcomes []attribution.Outcome
	for _, id := range shown {
		if journey.Hits([]string{id}, b) > 0 {
			outcomes = append(outcomes, attribution.Outcome{ID: event + "-" + id, EventID: event, ItemID: id, Type: "purchase", Quantity: 1})
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return loop.Insist(ctx, func() error { return a.Tell(ctx, outcomes...) })
}

// sell takes the basket from the agent's stock. What was counted as gone and is
// bought all the same was there.
func (r *replayer) sell(ctx context.Context, agent int, b journey.Basket) error {
	var moves []localapi.Movement
	for i, l := range b.Lines {
		if n := min(int(l.Quantity+0.5), r.counted[agent][l.Product]); l.Known && n > 0 {
			r.counted[agent][l.Product] -= n
			moves = append(moves, localapi.Movement{ID: fmt.Sprintf("sale-%s-%d", b.ID, i), ItemID: l.Product, Delta: -int64(n)})
		}
	}
	if len(moves) == 0 {
		return nil
	}
	return loop.Insist(ctx, func() error { return r.loop.Agents[agent].Move(ctx, moves) })
}

// settle waits until the ledger has everything and the last decision has closed,
// or for a while.
func (r *replayer) settle(ctx context.Context, w *watch) error {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if o, err := r.loop.Centre.Overview(ctx); err == nil && o.Counts.Training.Pending == 0 && o.Outcomes.Total > 0 {
			w.look(ctx)
			return nil
		}
	}
}
