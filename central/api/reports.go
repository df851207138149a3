package api

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/central/store"
)

// Trail is the end of the audit trail.
type Trail struct {
	Seq     uint64  `json:"seq" doc:"Of the last entry."`
	Hash    string  `json:"hash" doc:"Of the whole trail, in hexadecimal: note it elsewhere, and nothing before it can be changed unseen."`
	Entries []Entry `json:"entries" doc:"Newest first."`
}

func (s *server) reports() {
	huma.Register(s.api, operation(http.MethodGet, "/overview", "overview", "How everything stands"),
		func(ctx context.Context, _ *struct{}) (*answer[*Overview], error) { return reply(s.Overview(ctx), nil) })
	huma.Register(s.api, operation(http.MethodGet, "/experiments", "listExperiments", "Reward by arm of each slot that has an experiment"),
		func(ctx context.Context, _ *struct{}) (*answer[[]Slot], error) {
			return reply(s.Overview(ctx).Slots, nil)
		})
	huma.Register(s.api, operation(http.MethodGet, "/counts", "counts", "Records taken in, learned from, late, lost and repeated"),
		func(ctx context.Context, _ *struct{}) (*answer[Counts], error) {
			return reply(s.Overview(ctx).Counts, nil)
		})
	huma.Register(s.api, operation(http.MethodGet, "/audit", "audit", "The end of the audit trail, after a check of the whole", kindAltered),
		func(ctx context.Context, in *struct {
			Limit int `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		}) (*answer[Trail], error) {
			return reply(s.audit(ctx, in.Limit))
		})
	measure := operation(http.MethodPut, "/measurements/{name}", "measure", "Tell what was measured outside", kindTooMany)
	measure.Description = "It is shown beside central's own numbers for an hour. Nothing is learned from it, and it is not kept on disk."
	huma.Register(s.api, measure, func(_ context.Context, in *struct {
		Name string `path:"name" pattern:"^[a-z0-9-]{1,64}$"`
		Body Told
	}) (*struct{}, error) {
		if !s.Measured.Put(Measurement{Name: in.Name, Told: in.Body, At: time.Now().UTC()}) {
			return nil, kindTooMany.problem("reuse the names of measurements")
		}
		return nil, nil
	})
	huma.Register(s.api, operation(http.MethodPost, "/links", "makeLink", "Make a one-time link that signs a browser in"),
		func(context.Context, *struct{}) (*answer[Link], error) {
			return reply(Link{s.Access.Link()}, nil)
		})
}

// Link signs a browser in, once.
type Link struct {
	Path string `json:"path" doc:"Behind the address of this interface. Good for a quarter of an hour."`
}

func (s *server) audit(ctx context.Context, limit int) (Trail, error) {
	head, err := s.Store.Trail(ctx, ^uint64(0)>>1, func(store.Entry) error { return nil })
	if broken := (*store.ChainError)(nil); errors.As(err, &broken) {
		return Trail{}, kindAltered.problem(broken.Error())
	}
	if err != nil {
		return Trail{}, s.unexpected("check the audit trail", err)
	}
	entries, err := Tail(ctx, s.Store, limit, "")
	if err != nil {
		return Trail{}, s.unexpected("read the audit trail", err)
	}
	return Trail{head.Seq, hex.EncodeToString(head.Hash[:]), entries}, nil
}

// Tail gives the last entries of the audit trail, as store.Tail does.
func Tail(ctx context.Context, db *store.DB, limit int, without string) ([]Entry, error) {
	tail, err := db.Tail(ctx, limit, without)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(tail))
	for i, e := range tail {
		entries[i] = Entry{e.Seq, time.UnixMilli(e.AtMs).UTC(), e.Actor, e.Action, e.Subject, e.Detail}
	}
	return entries, nil
}
