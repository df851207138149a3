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

// Function is one of a site that takes its actions at the hub.
type Function struct {
	Site      string    `json:"site"`
	Function  string    `json:"function"`
	PublicKey string    `json:"publicKey" doc:"nkeys user form (U…)"`
	Since     time.Time `json:"since" doc:"When it got that key"`
	Hub       string    `json:"hub" doc:"Where to connect, a NATS URL"`
	Stream    string    `json:"stream"`
	Consumer  string    `json:"consumer" doc:"Durable, of the stream: hands out this function's actions of every agent of the site"`
	Prefix    string    `json:"apiPrefix" doc:"Of JetStream's interface, to be set in the client"`
	Inbox     string    `json:"inboxPrefix" doc:"Likewise, of replies"`
}

// Admission names a function's key.
type Admission struct {
	PublicKey string `json:"publicKey" maxLength:"128" doc:"nkeys user form (U…); its seed never leaves who made it"`
}

// FunctionPath is exported, or the router would pass it over where it is embedded.
type FunctionPath struct {
	Site     string `path:"site" pattern:"^[a-z0-9-]{1,64}$"`
	Function string `path:"function" enum:"stock_room,pricing,fulfilment,service"`
}

func (s *server) functions() {
	const one = "/functions/{site}/{function}"
	huma.Register(s.api, operation(http.MethodGet, "/functions", "listFunctions", "The functions that take their actions at the hub"),
		func(context.Context, *struct{}) (*answer[[]Function], error) {
			list := []Function{}
			for _, f := range s.Fleet.Functions() {
				list = append(list, s.function(f))
			}
			return reply(list, nil)
		})
	huma.Register(s.api, operation(http.MethodPut, one, "admitFunction", "Let a function of a site take its actions at the hub, by this key alone", kindKey),
		func(ctx context.Context, in *struct {
			FunctionPath
			Body Admission
		}) (*answer[Function], error) {
			return reply(s.admit(ctx, in.FunctionPath, in.Body.PublicKey))
		})
	huma.Register(s.api, operation(http.MethodDelete, one, "dismissFunction", "Make the key of a function worthless", kindNoFunction),
		func(ctx context.Context, in *struct{ FunctionPath }) (*struct{}, error) {
			return nil, s.dismiss(ctx, in.FunctionPath)
		})
}

func (s *server) function(f fleet.Function) Function {
	of, _ := subject.NewFunction(f.Site, f.Name) // the fleet checked it
	return Function{
		Site: f.Site, Function: f.Name, PublicKey: f.Key, Since: f.Since, Hub: s.Hub.URL(), Stream: string(subject.Actions),
		Consumer: of.Consumer(), Prefix: subject.Interface, Inbox: of.Inbox(),
	}
}

// admit lets a function in. What a crash leaves between the key and the hub, the next
// start of the hub mends, or the same request.
func (s *server) admit(ctx context.Context, at FunctionPath, key string) (Function, error) {
	was, err := s.Fleet.Admit(ctx, administrator, at.Site, at.Function, key)
	switch {
	case errors.Is(err, fleet.ErrKey):
		return Function{}, kindKey.problem("the key is malformed or in use; make another one")
	case err != nil:
		return Function{}, s.unexpected("admit a function", err)
	}
	of, err := subject.NewFunction(at.Site, at.Function)
	if err != nil {
		return Function{}, s.unexpected("admit a function", err)
	}
	if err := s.Hub.Hand(ctx, of); err != nil {
		return Function{}, s.unexpected("hand actions to a function", err)
	}
	if was != "" && was != key {
		if err := s.Hub.Disconnect(was); err != nil {
			return Function{}, s.unexpected("cut off the key that a function had before", err)
		}
	}
	for _, f := range s.Fleet.Functions() {
		if f.Key == key {
			return s.function(f), nil
		}
	}
	return Function{}, kindNoFunction.problem(fleet.ErrNoFunction.Error()) // dismissed meanwhile
}

func (s *server) dismiss(ctx context.Context, at FunctionPath) error {
	was, err := s.Fleet.Dismiss(ctx, administrator, at.Site, at.Function)
	switch {
	case errors.Is(err, fleet.ErrNoFunction):
		return kindNoFunction.problem(fleet.ErrNoFunction.Error())
	case err != nil:
		return s.unexpected("dismiss a function", err)
	}
	of, err := subject.NewFunction(at.Site, at.Function)
	if err == nil {
		err = errors.Join(s.Hub.Disconnect(was), s.Hub.Withhold(ctx, of))
	}
	if err != nil {
		return s.unexpected("cut off a function", err)
	}
	return nil
}
