// Package delivery takes actions to the functions of the place that carry them out.
//
// Each function has at most one door: a webhook, or the hub. What is approved goes to
// it at least once, under one id, until the function has it, refuses it, or it is due;
// whoever takes it must take the same id only once. What became of it is recorded, so
// that a restart goes on where the last one stood. Nothing is sent that a power cut
// could still undo. A function without a door is served by staff who ask for
// /v1/actions.
//
// Decisions never wait for it, and functions don't for each other: each has a queue of
// its own, of which at most four are on the way.
//
// # Message
//
// JSON, the same bytes each time:
//
//	{"type":"action","timestamp":"2026-03-01T12:00:00Z","data":{
//	  "id":"36 hexadecimal digits","function":"stock_room","kind":"pick","site":"north","slot":"pickup",
//	  "itemId":"…","quantity":1,"price":{"amount":399,"currency":"EUR"},"due":"2026-03-01T12:30:00Z"}}
//
// It says nothing of the person, not even a pseudonym, nor of the event.
//
// # Webhooks
//
// POST, signed by the symmetric scheme of Standard Webhooks 1.0
// (https://www.standardwebhooks.com): webhook-id is the action's id, webhook-timestamp
// that of the try, and webhook-signature has "v1," and the base64 of an HMAC-SHA256
// over id, timestamp and body, joined by dots, for each secret, separated by spaces.
//
// A status of 2xx means that the function has it; it may answer with JSON
// {"state":"done"} or {"state":"rejected"}, and then nothing more comes. Another 4xx
// than 408 and 429, and any redirect, is final: the action has failed, and the staff
// see why. Everything else is tried again with full jitter, or after Retry-After.
//
// # The hub
//
// The same message on aisle.act.<site>.<agent>.<function>, its id in Nats-Msg-Id. That
// the hub has it on disk is "sent"; what the function made of it, it says to the
// agent's API, or nobody does.
package delivery
