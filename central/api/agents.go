package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/sync/subject"
)

// Enrolment is what an agent sends to join.
type Enrolment struct {
	Token     string `json:"token" maxLength:"128"`
	PublicKey string `json:"publicKey" maxLength:"128" doc:"Of the device key, nkeys user form (U…)."`
	Proof     []byte `json:"proof" maxLength:"128" doc:"Ed25519 signature by the device key, in base64, over: aisle enrol 0, newline, token, newline, publicKey."`
}

// Joined is what an agent is told when it has joined. Secret is told nowhere
// else and must not be logged.
type Joined struct {
	Agent  string   `json:"agent"`
	Site   string   `json:"site"`
	Hub    []string `json:"hub" doc:"Where to connect, NATS URLs."`
	Root   []byte   `json:"root" doc:"root.json of the trust metadata, in base64."`
	Secret []byte   `json:"secret" doc:"Key of the tenant's pseudonyms, in base64."`
}

// Invitation asks for a token.
type Invitation struct {
	Agent   string `json:"agent" pattern:"^[a-z0-9-]{1,64}$"`
	Site    string `json:"site" pattern:"^[a-z0-9-]{1,64}$"`
	Minutes int    `json:"minutes,omitempty" minimum:"1" maximum:"525600" default:"60" doc:"How long the token may be used."`
}

// Token lets one agent join, once.
type Token struct {
	Token   string    `json:"token"`
	Agent   string    `json:"agent"`
	Site    string    `json:"site"`
	Expires time.Time `json:"expires"`
}

// administrator is who acts, in the audit trail.
const administrator = "administrator"

func (s *server) agents() {
	enrol := operation(http.MethodPost, "/enrol", "enrol", "Join as an agent", kindToken, kindProof, kindKey)
	enrol.Security = []map[string][]string{}
	enrol.Description = "Spends a token. The same key may repeat it until the token expires and gets the same answer."
	huma.Register(s.api, enrol, func(ctx context.Context, in *struct{ Body Enrolment }) (*answer[Joined], error) {
		return reply(s.enrol(ctx, in.Body))
	})
	huma.Register(s.api, operation(http.MethodPost, "/tokens", "invite", "Make a token with which an agent may join"),
		func(ctx context.Context, in *struct{ Body Invitation }) (*answer[Token], error) {
			return reply(s.invite(ctx, in.Body))
		})
	huma.Register(s.api, operation(http.MethodGet, "/agents", "listAgents", "The fleet"),
		func(ctx context.Context, _ *struct{}) (*answer[[]Agent], error) {
			return reply(s.Overview(ctx).Agents, nil)
		})
	huma.Register(s.api, operation(http.MethodPost, "/agents/{agent}/revoke", "revoke", "Make every key of an agent worthless", kindUnknownAgent),
		func(ctx context.Context, in *struct {
			Agent string `path:"agent" maxLength:"64"`
		}) (*struct{}, error) {
			return nil, s.revoke(ctx, in.Agent)
		})
}

func (s *server) enrol(ctx context.Context, in Enrolment) (Joined, error) {
	before := s.Fleet.Agents()
	e, err := s.Fleet.Enrol(ctx, in.Token, in.PublicKey, in.Proof)
	switch {
	case errors.Is(err, fleet.ErrToken):
		return Joined{}, kindToken.problem(fleet.ErrToken.Error())
	case errors.Is(err, fleet.ErrProof):
		return Joined{}, kindProof.problem(fleet.ErrProof.Error())
	case errors.Is(err, fleet.ErrKey):
		return Joined{}, kindKey.problem(fleet.ErrKey.Error())
	case err != nil:
		return Joined{}, s.unexpected("enrol an agent", err)
	}
	if old := key(before, e.Agent); old != "" && old != in.PublicKey {
		if err := s.Hub.Disconnect(old); err != nil {
			s.Log.Warn("cut off the key that an agent had before", "agent", e.Agent, "error", err)
		}
	}
	return Joined{Agent: e.Agent, Site: e.Site, Hub: []string{s.Hub.URL()}, Root: s.Repository.Root(), Secret: e.Secret}, nil
}

func (s *server) invite(ctx context.Context, in Invitation) (Token, error) {
	ttl := time.Duration(in.Minutes) * time.Minute
	expires := time.Now().Add(ttl).UTC().Truncate(time.Second)
	token, err := s.Fleet.Invite(ctx, administrator, in.Agent, in.Site, ttl)
	switch {
	case errors.Is(err, subject.ErrName):
		return Token{}, kindInvalid.problem(err.Error())
	case err != nil:
		return Token{}, s.unexpected("make a token", err)
	}
	return Token{token, in.Agent, in.Site, expires}, nil
}

func (s *server) revoke(ctx context.Context, agent string) error {
	was := key(s.Fleet.Agents(), agent)
	err := s.Fleet.Revoke(ctx, administrator, agent)
	switch {
	case errors.Is(err, fleet.ErrUnknown):
		return kindUnknownAgent.problem(fleet.ErrUnknown.Error())
	case err != nil:
		return s.unexpected("revoke an agent", err)
	case was == "":
		return nil
	}
	if err := s.Hub.Disconnect(was); err != nil {
		return s.unexpected("cut off a revoked agent", err)
	}
	return nil
}

// key is the current key of a name, empty without one.
func key(agents []fleet.Agent, name string) string {
	for _, a := range agents {
		if a.Name == name {
			return a.Key
		}
	}
	return ""
}
