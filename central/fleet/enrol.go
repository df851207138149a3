package fleet

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/subject"
)

// Enrolment is what a joining agent is told.
type Enrolment struct {
	Agent  string
	Site   string
	Secret []byte // the tenant's key for pseudonyms, 32 bytes; never logged
}

// Invite makes a token with which an agent of this name and site may join until
// ttl has passed. The name need not be new: whoever enrols with it takes it
// over. actor goes into the audit trail.
func (f *Fleet) Invite(ctx context.Context, actor, agent, site string, ttl time.Duration) (token string, err error) {
	if _, err := subject.NewNode(site, agent); err != nil {
		return "", fmt.Errorf("invite %q at %q: names are [a-z0-9-], 1 to 64 of them: %w", agent, site, err)
	}
	var random [20]byte
	rand.Read(random[:])
	token = "aisle-" + base32.StdEncoding.EncodeToString(random[:])
	hash := sha256.Sum256([]byte(token))
	err = f.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO fleet_token (hash, agent, site, expires_ms) VALUES (?, ?, ?, ?)`,
			hash[:], agent, site, f.now().Add(ttl).UnixMilli())
		if err != nil {
			return err
		}
		return tx.Audit(store.Entry{Actor: actor, Action: "invite agent", Subject: agent, Detail: "site " + site + ", for " + ttl.String()})
	})
	return token, err
}

// Statement is what an agent signs to prove that it holds its key.
func Statement(token, publicKey string) []byte {
	return []byte("aisle enrol 0\n" + token + "\n" + publicKey)
}

// Enrol takes an agent in by its token. See the package for what it checks and
// why it may be repeated.
func (f *Fleet) Enrol(ctx context.Context, token, publicKey string, proof []byte) (Enrolment, error) {
	if err := verifyProof(token, publicKey, proof); err != nil {
		return Enrolment{}, err
	}
	f.changing.Lock()
	defer f.changing.Unlock()
	e := Enrolment{Secret: slices.Clone(f.secret)}
	err := f.db.Update(ctx, func(tx *store.Tx) (err error) {
		var again bool
		if e.Agent, e.Site, again, err = f.spend(tx, token, publicKey); err != nil || again {
			return err
		}
		return f.admit(tx, e.Agent, e.Site, publicKey)
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("enrol: %w", err)
	}
	return e, f.load(ctx)
}

func verifyProof(token, publicKey string, proof []byte) error {
	if !nkeys.IsValidPublicUserKey(publicKey) {
		return ErrKey
	}
	key, err := nkeys.FromPublicKey(publicKey)
	if err != nil {
		return ErrKey
	}
	if key.Verify(Statement(token, publicKey), proof) != nil {
		return ErrProof
	}
	return nil
}

// spend uses a token up; again tells that this key had used it before.
func (f *Fleet) spend(tx *store.Tx, token, publicKey string) (agent, site string, again bool, err error) {
	hash := sha256.Sum256([]byte(token))
	var expires int64
	var usedBy *string
	err = tx.One(`SELECT agent, site, expires_ms, used_by FROM fleet_token WHERE hash = ?`, hash[:]).Scan(&agent, &site, &expires, &usedBy)
	switch {
	case errors.Is(err, store.ErrNone):
		return "", "", false, ErrToken
	case err != nil:
		return "", "", false, err
	case f.now().UnixMilli() > expires:
		return "", "", false, ErrToken
	case usedBy != nil:
		var standing string
		err := tx.One(`SELECT standing FROM fleet_key WHERE key = ?`, publicKey).Scan(&standing)
		if err != nil || *usedBy != publicKey || standing != "current" {
			return "", "", false, ErrToken
		}
		return agent, site, true, nil
	}
	_, err = tx.Exec(`UPDATE fleet_token SET used_by = ? WHERE hash = ?`, publicKey, hash[:])
	return agent, site, false, err
}

// admit makes publicKey the one current key of the name.
func (f *Fleet) admit(tx *store.Tx, agent, site, publicKey string) error {
	var known int
	if err := tx.One(`SELECT (SELECT count(*) FROM fleet_key WHERE key = ?) + (SELECT count(*) FROM fleet_function WHERE key = ?)`, publicKey, publicKey).Scan(&known); err != nil {
		return err
	}
	if known > 0 {
		return ErrKey
	}
	now := f.now().UnixMilli()
	_, err := tx.Exec(`INSERT INTO fleet_agent (name, site, enrolled_ms, heard_ms) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET site = excluded.site, enrolled_ms = excluded.enrolled_ms, heard_ms = excluded.heard_ms`, agent, site, now, now)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE fleet_key SET standing = 'replaced' WHERE agent = ? AND standing = 'current'`, agent); err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO fleet_key (key, agent, standing) VALUES (?, ?, 'current')`, publicKey, agent); err != nil {
		return err
	}
	return tx.Audit(store.Entry{Actor: agent, Action: "enrol agent", Subject: agent, Detail: "site " + site + ", key " + publicKey})
}

// Revoke makes every key of an agent worthless, at once for Lookup and Keys.
// What it has in the ledger stays.
func (f *Fleet) Revoke(ctx context.Context, actor, agent string) error {
	f.changing.Lock()
	defer f.changing.Unlock()
	err := f.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE fleet_key SET standing = 'revoked' WHERE agent = ?`, agent)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrUnknown
		}
		return tx.Audit(store.Entry{Actor: actor, Action: "revoke agent", Subject: agent})
	})
	if err != nil {
		return fmt.Errorf("revoke %s: %w", agent, err)
	}
	return f.load(ctx)
}

func tenantSecret(ctx context.Context, db *store.DB) (secret []byte, err error) {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	err = db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO fleet_tenant (one, secret) VALUES (1, ?) ON CONFLICT DO NOTHING`, fresh); err != nil {
			return err
		}
		return tx.One(`SELECT secret FROM fleet_tenant`).Scan(&secret)
	})
	return secret, err
}

func sortedNames(agents map[string]*member) []string {
	return slices.Sorted(maps.Keys(agents))
}
