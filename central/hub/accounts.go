package hub

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
)

const (
	centralAccount   = "CENTRAL"
	agentsAccount    = "AGENTS"
	functionsAccount = "FUNCTIONS"
)

// accounts is the server's configuration of who sees what across the border.
// A service's answers go back to the asking account and nowhere else: with one
// account for all, an agent could name any subject as its reply and have the
// hub itself overwrite what is stored there.
func accounts() string {
	services := []string{
		subject.Up.Subjects(),
		subject.Actions.Subjects(),
		subject.Artifacts.Get(subject.Artifacts.Subjects()),
		subject.Trust.Get(subject.Trust.Subjects()),
		subject.Marks.Get(subject.Marks.Subjects()),
	}
	hints := []string{subject.Marks.Subjects(), timestamp()}
	var offered, taken, handed strings.Builder
	for _, s := range services {
		fmt.Fprintf(&offered, "{service: %q, accounts: [%s]}\n", s, agentsAccount)
		fmt.Fprintf(&taken, "{service: {account: %s, subject: %q}}\n", centralAccount, s)
	}
	for _, s := range hints {
		fmt.Fprintf(&offered, "{stream: %q, accounts: [%s]}\n", s, agentsAccount)
		fmt.Fprintf(&taken, "{stream: {account: %s, subject: %q}}\n", centralAccount, s)
	}
	const own = "$JS.API" // the centre's JetStream; that of another account would answer under this name
	for from, to := range map[string]string{
		subject.Next(own, "*"):      subject.Next(subject.Interface, "*"),
		subject.Described(own, "*"): subject.Described(subject.Interface, "*"),
		subject.Done("*"):           subject.Done("*"),
	} {
		fmt.Fprintf(&offered, "{service: %q, response: stream, accounts: [%s]}\n", from, functionsAccount)
		fmt.Fprintf(&handed, "{service: {account: %s, subject: %q}, to: %q}\n", centralAccount, from, to)
	}
	return fmt.Sprintf(`accounts {
%s { jetstream: enabled, exports: [%s], imports: [{stream: {account: %s, subject: %q}}] }
%s { exports: [{stream: %q}], imports: [%s] }
%s { imports: [%s] }
}`, centralAccount, &offered, agentsAccount, subject.Statuses, agentsAccount, subject.Statuses, &taken, functionsAccount, &handed)
}

// reading is all that one function may do: take its own actions, and say that it has
// them.
func reading(f subject.Function) *server.Permissions {
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			subject.Next(subject.Interface, f.Consumer()), subject.Described(subject.Interface, f.Consumer()), subject.Done(f.Consumer()),
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{f.Inbox() + ".>"}},
	}
}

// permissions is all that one agent may do.
func permissions(n subject.Node) *server.Permissions {
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			n.Segment(),
			n.Status(),
			n.Actions(),
			subject.Artifacts.Get(subject.Artifacts.Subjects()),
			subject.Trust.Get(subject.Trust.Subjects()),
			subject.Marks.Get(n.Mark()),
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{
			n.Inbox() + ".>",
			n.Mark(),
			timestamp(),
		}},
	}
}

func timestamp() string {
	s, err := subject.File(link.Timestamp)
	if err != nil {
		panic(err) // a constant that is no name
	}
	return s
}

// logger hands the server's lines to slog. They name connections and streams,
// never content.
type logger struct{ *slog.Logger }

func (l logger) Noticef(format string, v ...any) { l.Debug(fmt.Sprintf(format, v...)) }
func (l logger) Warnf(format string, v ...any)   { l.Warn(fmt.Sprintf(format, v...)) }
func (l logger) Errorf(format string, v ...any)  { l.Error(fmt.Sprintf(format, v...)) }
func (l logger) Fatalf(format string, v ...any)  { l.Error(fmt.Sprintf(format, v...)) }
func (l logger) Debugf(string, ...any)           {}
func (l logger) Tracef(string, ...any)           {}
