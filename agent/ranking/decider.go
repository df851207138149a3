package ranking

import "context"

// Decider decides for one node. All methods may be called at the same time.
type Decider struct{}

// Decide makes one decision, or gives a *Refusal. The answer is the caller's.
func (d *Decider) Decide(_ context.Context, r *Request) (*Answer, error) {
	return nil, &Refusal{Problem: NoRelease, Detail: "no release was loaded on this node yet; enrol it, or start it with a release folder"}
}
