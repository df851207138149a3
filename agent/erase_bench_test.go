package agent

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

// BenchmarkErase erases one of 100,000 persons, with profiles of 1 KiB, from a log of
// so many bytes, while decisions about others go on: how long it takes, and how long
// a decision takes at most and in the 99th of a hundred, beside it and without it.
func BenchmarkErase(b *testing.B) {
	for _, mib := range []int{16, 256} {
		b.Run(fmt.Sprintf("log=%dMiB", mib), func(b *testing.B) {
			persons := 100_000 * min(mib, 256) / 256 // their records are in the log, too
			r := queued(b, b.TempDir())
			r.must(r.ask("PUT", "/v1/items", "text/csv", "id,title,price,currency,tax_rate,stock\na,A,100,EUR,0.07,1000000\nb,B,200,EUR,0.07,1000000\n"))
			r.crowd(b, persons, int64(mib)<<20)
			decide := func() time.Duration {
				start := time.Now()
				r.must(r.post("/v1/decide", `{"slot":"given","profileId":"7","sessionId":"s","actions":[{"id":"a"},{"id":"b"}]}`))
				return time.Since(start)
			}
			var quiet, beside []time.Duration
			for range 2000 {
				quiet = append(quiet, decide())
			}
			took := time.Duration(0)
			erased := 0
			for b.Loop() {
				who := wire.Pseudonymise(r.id.Secret, wire.Person, fmt.Sprint(100+erased))
				erased++
				done := make(chan error, 1)
				start := time.Now()
				go func() {
					_, err := r.Erase(b.Context(), who)
					done <- err
				}()
				for running := true; running; {
					beside = append(beside, decide())
					select {
					case err := <-done:
						if err != nil {
							b.Fatal(err)
						}
						running = false
						took += time.Since(start)
					default:
					}
				}
			}
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			slices.Sort(quiet)
			slices.Sort(beside)
			b.ReportMetric(ms(took)/float64(erased), "ms/erasure")
			b.ReportMetric(ms(beside[len(beside)-1]), "longest-ms")
			b.ReportMetric(ms(beside[len(beside)*99/100]), "p99-ms")
			b.ReportMetric(ms(quiet[len(quiet)-1]), "longest-without-ms")
			b.ReportMetric(ms(quiet[len(quiet)*99/100]), "p99-without-ms")
			b.ReportMetric(float64(r.log.Stats().Bytes)/(1<<20), "MiB-log")
		})
	}
}

// crowd gives a node persons with profiles, and decisions about them until the log
// has so many bytes.
func (r *running) crowd(b *testing.B, persons int, bytes int64) {
	commit := func(rec *wire.Record) {
		if _, err := r.store.Commit(rec, nil); err != nil {
			b.Fatal(err)
		}
		if err := r.store.Pace(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for i := range persons {
		who := wire.Pseudonymise(r.id.Secret, wire.Person, fmt.Sprint(i))
		commit(&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: who[:], Version: 1, ConfirmedMs: r.store.Now(),
			Purposes: []string{"profile_building", "personalised_offers", "personalised_content"}, Source: "hub"}}})
		body, err := r.vault.Seal(nil, who, 1, make([]byte, 1<<10))
		if err != nil {
			b.Fatal(err)
		}
		commit(&wire.Record{Body: &wire.Record_Profile{Profile: &wire.Profile{Pseudonym: who[:], Version: 1, Body: body}}})
	}
	if err := r.vault.Sync(); err != nil {
		b.Fatal(err)
	}
	features := make([]byte, 600)
	for i := uint64(1); r.log.Stats().Bytes < bytes; i++ {
		who := wire.Pseudonymise(r.id.Secret, wire.Person, fmt.Sprint(i%uint64(persons)))
		session := wire.Pseudonymise(r.id.Secret, wire.Session, fmt.Sprint(i/3))
		id := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(r.store.Now())<<16), i)
		commit(&wire.Record{Body: &wire.Record_Decision{Decision: &wire.Decision{Id: id, EventId: fmt.Sprint("e", i), Request: id, Slot: "hero",
			Pseudonym: who[:], Session: session[:], Items: []string{"a", "b"}, Shown: []*wire.Shown{{Probability: 1}}, Features: &wire.Features{Dense: features}}}})
	}
	if err := r.store.Sync(b.Context(), r.log.Last()); err != nil {
		b.Fatal(err)
	}
}
