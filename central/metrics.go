package central

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/ledger"
)

// metrics is one scrape. Labels are names of agents, sites, slots and arms, and
// closed sets; never an event or a person.
type metrics struct {
	records map[ledger.Kind]int64
	*api.Overview
}

// newMetrics makes the handler of /metrics.
func newMetrics(c *Central) http.Handler {
	process := []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scrape := prometheus.NewRegistry()
		scrape.MustRegister(append(process, metrics{c.tally.counts(), c.pulse.overview(r.Context())})...)
		promhttp.HandlerFor(scrape, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("aisle_central_"+name, help, labels, nil)
}

// Describe tells nothing beforehand: which agents and arms there are changes.
func (metrics) Describe(chan<- *prometheus.Desc) {}

// Collect gives everything as it stands.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	records := describe("records_total", "Records committed to the ledger since the start.", "kind")
	for kind, n := range m.records {
		counter(records, float64(n), string(kind))
	}
	in := m.Counts.Ingest
	segments := describe("segments_total", "Segments by what became of them since the start.", "result")
	for result, n := range map[string]int64{"committed": in.Segments, "repeated": in.Repeated, "dead": in.Dead} {
		counter(segments, float64(n), result)
	}
	outcomes := describe("uncounted_outcomes_total", "Outcomes that don't count, or not yet, since the start.", "why")
	for why, n := range map[string]int64{"duplicate": in.Duplicates, "unmatched": in.Unmatched} {
		counter(outcomes, float64(n), why)
	}
	t := m.Counts.Training
	trained := describe("training_events", "What training met in the ledger; falls when it learns anew.", "what")
	for what, n := range map[string]int64{
		"decision": t.Decisions, "row": t.Learned, "joined": t.Joined, "late": t.Late, "expired": t.Expired,
		"not_shown": t.NotShown, "inactive": t.Inactive, "otherwise": t.Otherwise, "apart": t.Apart, "no_cost": t.NoCost, "unreadable": t.Unreadable,
	} {
		gauge(trained, float64(n), what)
	}
	gauge(describe("training_pending_decisions", "Decisions that wait for outcomes."), float64(t.Pending))
	gauge(describe("training_orphan_outcomes", "Outcomes that wait for their decision."), float64(t.Orphans))
	gauge(describe("training_ledger_file", "The last ledger file learned from."), float64(t.LedgerFile))
	gauge(describe("alarms", "What needs a person now."), float64(len(m.Alarms)))
	if m.Release != nil {
		gauge(describe("release_counter", "Counter of the newest release."), float64(m.Release.Counter))
		gauge(describe("release_created_timestamp_seconds", "When the newest release was made."), float64(m.Release.CreatedAt.Unix()))
	}
	for _, s := range m.Slots {
		for _, a := range s.Arms {
			gauge(describe("arm_decisions", "Finished decisions of an arm; falls when training learns anew.", "slot", "arm"), float64(a.Decisions), s.ID, a.ID)
			gauge(describe("arm_reward_mean", "Mean reward of a decision of an arm.", "slot", "arm"), a.Mean, s.ID, a.ID)
		}
	}
	for _, a := range m.Agents {
		gauge(describe("agent_heard_timestamp_seconds", "Last sign of life of an agent.", "agent", "site"), float64(a.HeardAt.Unix()), a.Name, a.Site)
		if a.Status != nil {
			gauge(describe("agent_release_counter", "Counter of the release that an agent runs.", "agent", "site"), float64(a.Status.Release), a.Name, a.Site)
			gauge(describe("agent_unconfirmed_records", "Records of an agent that it does not know in the ledger.", "agent", "site"), float64(a.Status.Unconfirmed), a.Name, a.Site)
			gauge(describe("agent_log_bytes", "Size of an agent's log.", "agent", "site"), float64(a.Status.LogBytes), a.Name, a.Site)
		}
	}
}
