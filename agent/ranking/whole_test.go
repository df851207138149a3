package ranking_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// asker decides what a kiosk asks of a whole node, again and again.
func asker(b *testing.B, w nodetest.Whole, change func(*ranking.Request)) (decide func()) {
	n := w.Open(b)
	b.Cleanup(serve(b, n))
	requests := make([]ranking.Request, 4096)
	for i := range requests {
		if err := json.Unmarshal(nodetest.WholeRequest(int64(i)), &requests[i]); err != nil {
			b.Fatal(err)
		}
		if change != nil {
			change(&requests[i])
		}
	}
	i := 0
	return func() {
		i++
		if a, err := n.Decider.Decide(ctx, &requests[i%len(requests)]); err != nil || len(a.Items) != 3 {
			b.Fatal(a, err)
		}
	}
}

// compare alternates between two ways to decide, and reports the first one's time
// and how much of it the second takes.
func compare(b *testing.B, first, second func()) {
	const round = 500
	var took [2]time.Duration
	rounds := 0
	for b.Loop() {
		for k, decide := range []func(){first, second} {
			from := time.Now()
			for range round {
				decide()
			}
			took[k] += time.Since(from)
		}
		rounds++
	}
	each := func(k int) float64 { return float64(took[k].Nanoseconds()) / float64(rounds*round) / 1000 }
	b.ReportMetric(each(0), "µs")
	b.ReportMetric(each(1), "µs-other")
	b.ReportMetric(each(1)/each(0), "ratio")
	b.ReportMetric(each(1)-each(0), "µs-more")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkDecideWhole is a decision in process with everything there is to do.
func BenchmarkDecideWhole(b *testing.B) {
	for _, w := range []nodetest.Whole{{Rules: "none"}, {}, {Rules: "fifty"}, {NoTraining: true}} {
		b.Run(fmt.Sprintf("rules=%s/training=%v", w.Rules, !w.NoTraining), func(b *testing.B) {
			decide := asker(b, w, nil)
			b.ReportAllocs()
			for b.Loop() {
				decide()
			}
		})
	}
}

// BenchmarkDecideRules is what fifty rules take over none, and a rule of every kind.
func BenchmarkDecideRules(b *testing.B) {
	for _, rules := range []string{"each", "fifty"} {
		b.Run(rules, func(b *testing.B) {
			compare(b, asker(b, nodetest.Whole{Rules: "none"}, nil), asker(b, nodetest.Whole{Rules: rules}, nil))
		})
	}
}

// BenchmarkDecideSealed is what sealing a person's columns takes, where they may not
// be in the log, over writing them into it.
func BenchmarkDecideSealed(b *testing.B) {
	compare(b, asker(b, nodetest.Whole{}, nil), asker(b, nodetest.Whole{NoTraining: true}, nil))
}

// BenchmarkDecideCandidates is ten times the candidates, which may take ten times as
// long and no longer.
func BenchmarkDecideCandidates(b *testing.B) {
	compare(b, asker(b, nodetest.Whole{}, nil), asker(b, nodetest.Whole{Candidates: 10_000}, nil))
}

// BenchmarkDecideGiven is a thousand actions that the caller gives, in a catalogue of
// a thousand items and in one of thirty thousand, which may make no difference.
func BenchmarkDecideGiven(b *testing.B) {
	given := func(r *ranking.Request) {
		for i := range 1000 {
			r.Actions = append(r.Actions, ranking.Action{ID: fmt.Sprintf("item-%05d", i)})
		}
	}
	compare(b, asker(b, nodetest.Whole{}, given), asker(b, nodetest.Whole{Candidates: 30_000}, given))
}
