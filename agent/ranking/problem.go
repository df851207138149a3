package ranking

// Problem is why a request has no answer: the stable slug of a problem type.
type Problem string

const (
	InvalidRequest Problem = "invalid-request"    // a field out of its bounds
	UnknownSlot    Problem = "unknown-slot"       // the release has no slot of that name
	NoRelease      Problem = "no-release"         // there is nothing to decide by yet
	NoActions      Problem = "no-actions"         // the slot's candidates come from the caller, who gave none
	NotSupported   Problem = "not-supported"      // a field this build does nothing with
	TooLarge       Problem = "too-large"          // the record of this decision would not fit the log
	EventClash     Problem = "event-clash"        // this event id was used with another request
	EventGone      Problem = "event-gone"         // this event id was used, and its record is not on the node any more
	UnknownEvent   Problem = "unknown-event"      // no decision of this event id is known here
	ReplayGone     Problem = "replay-gone"        // what this decision knew of the person is not kept any more
	ModelGone      Problem = "model-gone"         // what decided is not loaded any more
	Contended      Problem = "contended"          // what is allowed moved each time before it could be held, or no instance of the model was free
	LogFull        Problem = "log-full"           // there is no room to record what must be recorded
	LogFailed      Problem = "log-failed"         // the disk does not take, or give, what must be recorded
	ConsentUnread  Problem = "consent-unreadable" // the tables could not be read; nobody's data was used
	EditRefused    Problem = "edit-refused"       // the slot does not allow what the staff would make of an action
)

// Problems are all of them.
func Problems() []Problem {
	return []Problem{InvalidRequest, UnknownSlot, NoRelease, NoActions, NotSupported, TooLarge, EventClash, EventGone,
		UnknownEvent, ReplayGone, ModelGone, Contended, LogFull, LogFailed, ConsentUnread, EditRefused}
}

// Refusal is a request that has no answer.
type Refusal struct {
	Problem Problem
	Detail  string // for a person; says what to do, and holds no value of anybody
	cause   error
}

func refuse(p Problem, cause error, detail string) *Refusal { return &Refusal{p, detail, cause} }

func (r *Refusal) Error() string { return string(r.Problem) + ": " + r.Detail }

// Unwrap gives what it was refused for, if that was an error.
func (r *Refusal) Unwrap() error { return r.cause }
