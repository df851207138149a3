package release

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// quarantineAll bans every model of the current bank.
func (k *Keeper) quarantineAll(why string) {
	r, err := k.manifest(k.state.Bank)
	if err != nil {
		return // and it won't run
	}
	for _, a := range r.Artifacts {
		if learned(a.Name) && !slices.Contains([]string{rankingsName, togetherName, embeddingsName}, a.Name) { // those are not run
			k.state.ban(banned{Counter: r.Counter, Model: hex.EncodeToString(a.Digest), Name: a.Name, Why: why})
		}
	}
}

// manifest parses that of a bank, which may be anything.
func (k *Keeper) manifest(bank string) (*wire.Release, error) {
	b, err := os.ReadFile(bankFile(k.opt.Dir, bank))
	if err != nil {
		return nil, err
	}
	return trust.Parse(b)
}

// back goes to the release before, if that may run whole, or else serves the
// current one without the models in quarantine. Where a model is damaged, or made
// for another version of this program, none of them serves, and the hub is asked
// for the same release again.
func (k *Keeper) back() error {
	k.state.Provisional, k.state.Starts = false, 0
	previous := other(k.state.Bank)
	a, err := k.read(previous, "", whole)
	if err == nil && !k.unbanned(previous) {
		err = errors.Join(errors.New("the release before has a model in quarantine too"), a.close())
	}
	if err == nil {
		manifest, _ := os.ReadFile(bankFile(k.opt.Dir, previous))
		sum := digestOf(manifest)
		k.state.Bank, k.state.Manifest = previous, hex.EncodeToString(sum[:])
	} else {
		k.opt.Log.Warn("no going back to the release before; serving without the models in quarantine", "err", err)
		if a, err = k.read(k.state.Bank, k.state.Manifest, whole); err != nil {
			k.opt.Log.Error("its models can't run; serving without them", "err", err)
			a, err = k.read(k.state.Bank, k.state.Manifest, bare)
		}
		if err != nil {
			k.opt.Log.Error("nothing to serve by until the hub is reached", "err", err)
			return k.state.write(k.opt.Dir)
		}
	}
	if err := k.state.write(k.opt.Dir); err != nil {
		return errors.Join(fmt.Errorf("go back: %w", err), a.close())
	}
	return k.swap(a)
}

// unbanned tells whether no model of a bank is in quarantine.
func (k *Keeper) unbanned(bank string) bool {
	r, err := k.manifest(bank)
	return err == nil && k.bannedIn(r) == ""
}

// bannedIn names a model of a release that is in quarantine.
func (k *Keeper) bannedIn(r *wire.Release) string {
	i := slices.IndexFunc(r.Artifacts, func(a *wire.Artifact) bool { return k.state.bans([32]byte(a.Digest)) })
	if i < 0 {
		return ""
	}
	return r.Artifacts[i].Name
}
