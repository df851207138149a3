package localapi

import (
	"net/http"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// metrics are the node's figures. A label is a slot of the release, a slug or a
// name out of this file: never an id or a value of somebody.
type metrics struct {
	registry  *prometheus.Registry
	decisions *prometheus.CounterVec
	steps     *prometheus.CounterVec
	items     *prometheus.CounterVec
	ignored   *prometheus.CounterVec
	outcomes  *prometheus.CounterVec
	unmatched prometheus.Counter
	problems  *prometheus.CounterVec
	took      prometheus.Histogram

	mu    sync.RWMutex
	found map[kind]counted // guarded by mu; as few as there are slots
}

func newMetrics(a *API) *metrics {
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		found:     map[kind]counted{},
		decisions: counters("aisle_decisions_total", "Decisions answered.", "slot", "degraded"),
		steps:     counters("aisle_decisions_degraded_total", "Decisions that took a step down, by why.", "slot", "by"),
		items:     counters("aisle_items_shown_total", "Items answered.", "slot"),
		ignored:   counters("aisle_context_keys_ignored_total", "Keys of requests' contexts that no feature declares so and no rule reads; explain names them.", "slot"),
		outcomes:  counters("aisle_outcomes_total", "Outcomes told.", "result"),
		unmatched: prometheus.NewCounter(prometheus.CounterOpts{Name: "aisle_outcomes_unmatched_total", Help: "Accepted outcomes that belong to no decision known here."}),
		problems:  counters("aisle_problems_total", "Requests answered with a problem.", "problem"),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "aisle_decide_duration_seconds", Help: "Time of a decision, from its request to its answer.",
			Buckets: []float64{.00005, .0001, .0002, .0005, .001, .002, .005, .01, .02, .05, .1, .5},
		}),
	}
	m.registry.MustRegister(m.decisions, m.steps, m.items, m.ignored, m.outcomes, m.unmatched, m.problems, m.took, state{a},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) decided(a *ranking.Answer) {
	c := m.counts(kind{a.Slot, a.Degraded, a.DegradedBy})
	c.decisions.Inc()
	if c.step != nil {
		c.step.Inc()
	}
	if a.IgnoredKeys > 0 {
		m.ignored.WithLabelValues(a.Slot).Add(float64(a.IgnoredKeys))
	}
	c.items.Add(float64(len(a.Items)))
}

// kind is what the counters of decisions are told apart by.
type kind struct {
	slot     string
	degraded ranking.Degraded
	by       ranking.DegradedBy
}

type counted struct{ decisions, items, step prometheus.Counter } // step is nil where none was taken

// counts finds a kind's counters. The vectors would find them too, and hash and
// compare labels for each decision.
func (m *metrics) counts(k kind) counted {
	m.mu.RLock()
	c, ok := m.found[k]
	m.mu.RUnlock()
	if !ok {
		c = counted{m.decisions.WithLabelValues(k.slot, string(k.degraded)), m.items.WithLabelValues(k.slot), nil}
		if k.by != "" {
			c.step = m.steps.WithLabelValues(k.slot, string(k.by))
		}
		m.mu.Lock()
		m.found[k] = c
		m.mu.Unlock()
	}
	return c
}

func (m *metrics) refused(d *Details) {
	m.problems.WithLabelValues(d.Type[len(Base):]).Inc()
}

func (m *metrics) told(r *attribution.Report) {
	m.outcomes.WithLabelValues("accepted").Add(float64(len(r.Accepted)))
	m.outcomes.WithLabelValues("duplicate").Add(float64(len(r.Duplicate)))
	m.outcomes.WithLabelValues("rejected").Add(float64(len(r.Rejected)))
	m.unmatched.Add(float64(r.Unmatched))
}

// state collects what the node's status says when it is asked.
type state struct{ api *API }

type gauge struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*Status) float64
}

func newGauge(name, help string, value func(*Status) float64) gauge {
	return gauge{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, value}
}

// newCount is newGauge of what only grows while the process runs.
func newCount(name, help string, value func(*Status) float64) gauge {
	return gauge{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, value}
}

var gauges = []gauge{
	newGauge("aisle_release_counter", "Counter of the release that runs; 0 is none, or a folder.", func(s *Status) float64 { return float64(s.Release.Counter) }),
	newGauge("aisle_release_provisional", "1 while the release has not scored well often enough.", func(s *Status) float64 { return flag(s.Release.Provisional) }),
	newGauge("aisle_release_refused", "1 while the newest release does not run here.", func(s *Status) float64 { return flag(s.Release.Refused != nil) }),
	newGauge("aisle_hub_connected", "1 while there is a connection to the hub.", func(s *Status) float64 { return flag(s.Hub.Connected) }),
	newGauge("aisle_log_size_bytes", "Bytes of the log's files.", func(s *Status) float64 { return float64(s.Log.Bytes) }),
	newGauge("aisle_log_unconfirmed_records", "Records that are not in the centre's ledger yet.", func(s *Status) float64 { return float64(s.Log.Unconfirmed) }),
	newGauge("aisle_log_failed", "1 while the disk takes no records.", func(s *Status) float64 { return flag(s.Log.Failure != "") }),
	newGauge("aisle_catalogue_items", "Items in the catalogue.", func(s *Status) float64 { return float64(s.Goods.Items) }),
	newGauge("aisle_catalogue_available_items", "Items of which at least one can be promised.", func(s *Status) float64 { return float64(s.Goods.Available) }),
	newGauge("aisle_holds", "Holds that are live.", func(s *Status) float64 { return float64(s.Goods.Holds) }),
	newGauge("aisle_actions", "Actions that are under way.", func(s *Status) float64 { return float64(s.Goods.Actions) }),
	newCount("aisle_actions_untaken_total", "Actions that were not taken, because too many were under way.", func(s *Status) float64 { return float64(s.Goods.Untaken) }),
	newCount("aisle_actions_delivered_total", "Actions that their functions have.", func(s *Status) float64 { return float64(s.Goods.Delivered) }),
	newCount("aisle_actions_failed_total", "Actions that their functions refused.", func(s *Status) float64 { return float64(s.Goods.Failed) }),
	newCount("aisle_action_tries_failed_total", "Tries at which a function could not be reached.", func(s *Status) float64 { return float64(s.Goods.Tries) }),
	newGauge("aisle_model_age_seconds", "Age of the oldest model that scores; -1 is unknown.", func(s *Status) float64 { return float64(s.Age.Model) }),
	newGauge("aisle_catalogue_age_seconds", "Time since an item last changed; -1 is never.", func(s *Status) float64 { return float64(s.Age.Catalogue) }),
	newGauge("aisle_hub_contact_age_seconds", "Time since the hub was last heard; -1 is never.", func(s *Status) float64 { return float64(s.Age.HubContact) }),
	newGauge("aisle_clock_skew_seconds", "By which the node's time is ahead of the machine's.", func(s *Status) float64 { return s.Clock.SkewSeconds }),
}

var (
	recordsDesc   = prometheus.NewDesc("aisle_log_records_total", "Records of the log since it was made.", nil, nil)
	evenDesc      = slotDesc("aisle_slot_evenness_ratio", "Mean entropy of the first position as a share of the greatest, over the last 200 decisions.")
	topDesc       = slotDesc("aisle_slot_top_item_ratio", "Share of decisions whose first item was the most frequent one.")
	collapsedDesc = slotDesc("aisle_slot_collapsed", "1 while the choices of the slot have collapsed; the status says why.")
	exposureDesc  = groupDesc("aisle_group_exposure_ratio", "Of items: exposure by what was due, of the group over that of the rest, in the last full window.")
	depthDesc     = groupDesc("aisle_group_offer_depth_ratio", "Mean share that offers took off what was shown, likewise of each side.", "side")
	brokenDesc    = groupDesc("aisle_group_broken_promises_ratio", "Share of what was shown whose promise was broken, likewise of each side.", "side")
	unfairDesc    = groupDesc("aisle_group_unfair", "1 while a measure is out of the group's tolerance; the status says why.", "measure")
	droppedDesc   = prometheus.NewDesc("aisle_log_dropped_records_total", "Records that were lost or left out.", []string{"reason"}, nil)
)

func slotDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"slot"}, nil)
}

func groupDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"slot", "group"}, labels...), nil)
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (s state) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range gauges {
		ch <- g.desc
	}
	ch <- recordsDesc
	ch <- droppedDesc
	ch <- evenDesc
	ch <- topDesc
	ch <- collapsedDesc
	ch <- exposureDesc
	ch <- depthDesc
	ch <- brokenDesc
	ch <- unfairDesc
}

func (s state) Collect(ch chan<- prometheus.Metric) {
	now := s.api.Status()
	for _, g := range gauges {
		ch <- prometheus.MustNewConstMetric(g.desc, g.kind, g.value(&now))
	}
	ch <- prometheus.MustNewConstMetric(recordsDesc, prometheus.CounterValue, float64(now.Log.Records))
	for _, w := range now.Choices {
		ch <- prometheus.MustNewConstMetric(evenDesc, prometheus.GaugeValue, w.Evenness, w.Slot)
		ch <- prometheus.MustNewConstMetric(topDesc, prometheus.GaugeValue, w.TopShare, w.Slot)
		ch <- prometheus.MustNewConstMetric(collapsedDesc, prometheus.GaugeValue, flag(w.Cause != ""), w.Slot)
	}
	for i := range now.Fairness {
		collectGroup(ch, &now.Fairness[i])
	}
	for reason, n := range now.Log.Dropped {
		ch <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, float64(n), reason)
	}
}

// collectGroup tells of a group that is not too small.
func collectGroup(ch chan<- prometheus.Metric, w *fairness.Watched) {
	if w.Sides == nil {
		return
	}
	gauge := func(d *prometheus.Desc, x float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, x, append([]string{w.Slot, w.Group}, labels...)...)
	}
	if w.Exposure != nil {
		gauge(exposureDesc, *w.Exposure)
	}
	sides := map[string]*fairness.Side{"group": &w.Sides.Group, "rest": &w.Sides.Rest, "unknown": w.Sides.Unknown}
	for name, side := range sides {
		if side != nil && side.Shown > 0 {
			gauge(depthDesc, side.Depth, name)
			gauge(brokenDesc, float64(side.Broken)/float64(side.Shown), name)
		}
	}
	for _, measure := range fairness.Measures(w.Of) {
		gauge(unfairDesc, flag(slices.ContainsFunc(w.Alarms, func(a fairness.Alarm) bool { return a.Measure == measure })), measure)
	}
}
