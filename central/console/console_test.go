package console

import (
	"context"
	"math"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/experiment"
)

var now = time.Date(2026, 11, 21, 14, 3, 20, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// busy is a centre where everything there is to show is there.
func busy() *api.Overview {
	secs := func(s float64) *float64 { return &s }
	arm := func(id, policy string, share float64, n int64, mean float64) api.Arm {
		i := experiment.Sequence{Range: 3}.Interval(experiment.Moments{N: n, Mean: mean, M2: float64(n) * 0.15})
		return api.Arm{ID: id, Policy: policy, Share: share, Decisions: n, Mean: mean, Low: &i.Low, High: &i.High}
	}
	arms := func(minute float64) []api.Arm {
		grown := 1 - math.Exp(-minute/3)
		return []api.Arm{
			arm("learned", "learned", 0.8, int64(2400*minute), 0.11+0.13*grown),
			arm("fixed", "fixed", 0.1, int64(300*minute), 0.11+0.05*grown),
			arm("random", "uniform", 0.1, int64(300*minute), 0.11+0.004*math.Sin(minute)),
		}
	}
	var history []api.Point
	for m := 0.5; m <= 12; m += 0.25 {
		history = append(history, api.Point{At: ago(time.Duration((12 - m) * float64(time.Minute))), Arms: arms(m)})
	}
	last := ago(7 * time.Second)
	return &api.Overview{
		At: now, Started: ago(12 * time.Minute),
		Alarms:    []string{"2 segments were refused; look into state/dead"},
		Decisions: api.Rate{PerSecond: 52.4, Total: 36120}, Outcomes: api.Rate{PerSecond: 13.1, Total: 8932},
		Release: &api.Release{Counter: 61, Kind: "refresh", CreatedAt: last, Published: true},
		Folder:  &api.Release{Counter: 3, Kind: "full", CreatedAt: ago(11 * time.Minute), Published: true, Note: "autumn rules"},
		Refresh: api.Refresh{EverySeconds: 10, Last: &last},
		Slots: []api.Slot{
			{ID: "home_hero", Experiment: "loop", Arms: arms(12), SampleRatio: 0.8, History: history},
			{ID: "page_hero", Experiment: "page", Arms: []api.Arm{{ID: "learned", Policy: "learned", Share: 0.8}, {ID: "random", Policy: "uniform", Share: 0.2}}, SampleRatio: 0.0001},
		},
		Agents: []api.Agent{
			{Name: "store-1", Site: "north", Standing: "in scope", HeardAt: ago(time.Second), Status: &api.Status{Release: 61, ModelAge: secs(7), CatalogueAge: secs(720), ConsentAge: secs(64), LogBytes: 48 << 20, Unconfirmed: 212}, Log: &api.Log{At: ago(4 * time.Second)}},
			{Name: "store-2", Site: "south", Standing: "in scope", HeardAt: ago(2 * time.Second), Status: &api.Status{Release: 60, Provisional: true, Refused: "verify release 61: the modules differ; update the agent", ModelAge: secs(17), LogBytes: 31 << 20, Unconfirmed: 1212}, Gap: &api.Gap{First: 17, Last: 90, Since: ago(time.Minute)}},
			{Name: "cdn-1", Site: "web", Standing: "silent", HeardAt: ago(26 * time.Hour)},
		},
		Counts: api.Counts{
			Ingest:   api.IngestCounts{Segments: 412, Repeated: 3, Records: 48211, Duplicates: 12, Unmatched: 4, Dead: 2},
			Training: api.TrainingCounts{Pending: 640, Orphans: 1, Decisions: 35480, Learned: 106440, Joined: 8801, Late: 3},
		},
		Measurements: []api.Measurement{{
			Name: "broken-promises", At: ago(3 * time.Second), Told: api.Told{
				Title: "Broken promises", Unit: "per 10,000 items shown", Source: "<the example's judge>",
				Values: []api.Reading{{Label: "with rules", Value: 1.7}, {Label: "rules off", Value: 1240}},
			},
		}},
	}
}

func page(t *testing.T, o *api.Overview) string {
	t.Helper()
	h := New(Source{
		Version:  "test",
		Overview: func(context.Context) *api.Overview { return o },
		Releases: func(context.Context, int) ([]api.Release, error) {
			return []api.Release{{Counter: 61, Kind: "refresh", Published: true, CreatedAt: ago(7 * time.Second), Models: []api.Lineage{{Model: "home_hero", LastFile: 640, Decisions: 35480}}, Agents: []string{"store-1"}}, {Kind: "full", Counter: 7, CreatedAt: ago(time.Minute), Note: "new rules"}}, nil
		},
		Audit: func(context.Context, int) ([]api.Entry, error) {
			return []api.Entry{{Seq: 9, At: ago(time.Minute), Actor: "admin", Action: "invite agent", Subject: "cdn-1", Detail: "site web"}}, nil
		},
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if to := os.Getenv("AISLE_CONSOLE_PAGE"); to != "" { // for a person who wants to look at it
		if err := os.WriteFile(to, w.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w.Body.String()
}

func TestPageShowsWhatThereIs(t *testing.T) {
	p := page(t, busy())
	for _, want := range []string{
		"52.4", "36\u202f120", "Broken promises", "1.7", "1\u202f240", "per 10,000 items shown", "&lt;the example&#39;s judge&gt;",
		"home_hero", `<g class="arm learned">`, "95 % at any time", "don't compare them",
		"store-2", "on trial", "verify release 61: the modules differ", "records 17 to 90 are missing", "silent", "48\u202fMiB", "1\u202f212",
		"home_hero: decision 35\u202f480", "7 proposed", "new rules", "folder of 3", "autumn rules", "invite agent", "look into state/dead", "outcomes that came late",
	} {
		if !strings.Contains(p, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestPageOfNothing(t *testing.T) {
	p := page(t, &api.Overview{At: now, Started: now})
	for _, want := range []string{"none yet", "No agent has enrolled", "No slot with an experiment"} {
		if !strings.Contains(p, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(p, "NaN") || strings.Contains(p, "Inf") {
		t.Error("the page shows a number that is none")
	}
}
