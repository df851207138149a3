package subject

import "fmt"

// Function is one that carries out the actions of a site, such as its stock room.
type Function struct{ site, name string }

// NewFunction checks that the site is [a-z0-9-]{1,64} and the name [a-z0-9_]{1,64}.
func NewFunction(site, name string) (Function, error) {
	if !token(site, "-") || len(site) > 64 {
		return Function{}, fmt.Errorf("%w: site %.80q is not [a-z0-9-]{1,64}", ErrName, site)
	}
	if !token(name, "_") || len(name) > 64 {
		return Function{}, fmt.Errorf("%w: function %.80q is not [a-z0-9_]{1,64}", ErrName, name)
	}
	return Function{site, name}, nil
}

// Actions matches what all agents of the site publish for the function.
func (f Function) Actions() string { return "aisle.act." + f.site + ".*." + f.name }

// Consumer is the durable consumer of the stream Actions that hands them out. No two
// functions share one: a function's name has no '-'.
func (f Function) Consumer() string { return f.site + "-" + f.name }

// Inbox is the prefix of the function's replies, without its final dot.
func (f Function) Inbox() string { return "_INBOX_" + f.Consumer() }

// Interface is the prefix under which functions find the hub's interface to their
// consumers, which is JetStream's own behind it.
const Interface = "aisle.api"

// Next is where a function asks a consumer for actions, behind an interface's prefix;
// Described where it asks what the consumer is; Done matches where it says that it has
// one. The consumer "*" stands for every function's.
func Next(prefix, consumer string) string {
	return prefix + ".CONSUMER.MSG.NEXT." + string(Actions) + "." + consumer
}

// Described: see Next.
func Described(prefix, consumer string) string {
	return prefix + ".CONSUMER.INFO." + string(Actions) + "." + consumer
}

// Done: see Next.
func Done(consumer string) string { return "$JS.ACK." + string(Actions) + "." + consumer + ".>" }
