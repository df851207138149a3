package localapi

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/segmentio/encoding/json"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/erasure"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/trust"
)

// explained is the problem that an error of the packages below stands for. What
// has none is logged, and told as internal.
func explained(err error) *Details {
	var d *Details
	var refusal *ranking.Refusal
	var denied *consent.Denied
	var large *http.MaxBytesError
	var body unreadable
	switch {
	case errors.As(err, &d):
		return d
	case errors.As(err, &refusal):
		return refuse(string(refusal.Problem), refusal.Detail)
	case errors.As(err, &denied):
		return refuse(consentNeeded, "the purpose "+string(denied.Purpose)+" is needed; ask the person, and put their answer first")
	case errors.As(err, &large):
		return tooLarge(large.Limit)
	case errors.As(err, &body):
		return refuse(malformed, body.Error())
	case errors.Is(err, consent.ErrVersion):
		return refuse(consentVersion, "read the consent and send a version above its own, or none")
	case errors.Is(err, consent.ErrEvidence):
		return refuse(consentEvidence, "send evidence with text (SHA-256 of the words shown, in hex), place and at")
	case errors.Is(err, consent.ErrConsent):
		return refuse(invalid, "name a person, and purposes that exist")
	case errors.Is(err, erasure.ErrPending):
		return refuse(erasurePending, err.Error()+"; ask again to be told when all is done, and look at the agent's log for what it met with")
	case errors.Is(err, coordinate.ErrUnknown):
		return refuse(unknownAction, "GET /v1/actions lists those there are")
	case errors.Is(err, coordinate.ErrExpired):
		return refuse(actionExpired, "what it held is free again; decide anew")
	case errors.Is(err, coordinate.ErrDecided):
		return refuse(actionDecided, "read it again: somebody decided on it, or its function has it")
	case errors.Is(err, catalogue.ErrUnknown):
		return refuse(unknownItem, "check the id, or import the item with `aisle-agent import items FILE`")
	case errors.Is(err, attribution.ErrUnknown):
		return refuse(string(ranking.UnknownEvent), "send the eventId that decide answered, at the node that answered it")
	case errors.Is(err, attribution.ErrGone):
		return refuse(string(ranking.EventGone), "ask the centre for it")
	case errors.Is(err, journal.ErrSize):
		return refuse(string(ranking.TooLarge), "send less at once: a record is at most 255 KiB")
	case errors.Is(err, journal.ErrFull), errors.Is(err, store.ErrFull):
		return refuse(string(ranking.LogFull), "this was not recorded; free disk space, or let the node reach the hub, and send it again")
	case errors.Is(err, journal.ErrFailed), errors.Is(err, journal.ErrClosed):
		return refuse(string(ranking.LogFailed), "this may not have been recorded; send it again in a moment")
	}
	slog.Error("a request failed", "err", err)
	return refuse(internal, "it was written to the agent's log; try again, and tell us if it stays")
}

// RefusedRelease is the problem for which a release does not run here.
func RefusedRelease(err error) *Details {
	is := func(any ...error) bool {
		return slices.ContainsFunc(any, func(one error) bool { return errors.Is(err, one) })
	}
	slug, do := releaseUnfit, "; release a sound one"
	switch {
	case is(trust.ErrSignature, trust.ErrNotApproved):
		slug, do = releaseSignature, "; publish it with the keys that the root names"
	case is(trust.ErrRollback):
		slug, do = releaseRollback, "; publish the old release under a new counter"
	case is(trust.ErrExpired):
		slug, do = releaseExpired, "; let the centre sign anew, and check this machine's clock"
	case is(trust.ErrMixed, trust.ErrMalformed, artifact.ErrCorrupt, bundle.ErrBundle):
		slug, do = releaseDamaged, "; publish it again"
	case is(release.ErrQuarantine):
		slug, do = releaseQuarantine, "; release another model"
	}
	return refuse(slug, err.Error()+do)
}

func tooLarge(limit int64) *Details {
	return refuse(bodyTooLarge, "send at most "+sizeText(limit)+" at once, or raise the limit in the agent's configuration")
}

// writeProblem answers with a problem.
func writeProblem(w http.ResponseWriter, d *Details) {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // texts and numbers
	}
	h := w.Header()
	h["Content-Type"] = []string{problemType}
	h["Cache-Control"] = noStore
	w.WriteHeader(d.Status)
	w.Write(append(b, '\n'))
}
