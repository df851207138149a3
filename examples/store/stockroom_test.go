package store

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/delivery"
)

// TestStockRoomTakesSignedMessagesOnce: from the agent's own sender, each id once; from
// anybody else, altered or of another time, nothing.
func TestStockRoomTakesSignedMessagesOnce(t *testing.T) {
	dir := t.TempDir()
	r, err := openStockRoom(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.listener.Close()
	var last *http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		last = q.Clone(context.Background())
		r.ServeHTTP(w, q)
	}))
	defer s.Close()
	text, err := os.ReadFile(dir + "/stock_room.secret")
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := delivery.ParseSecrets(text)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"type":"action","data":{"id":"a","itemId":"i","quantity":1}}`
	for range 2 {
		if _, err := delivery.NewWebhook(s.URL, secrets, time.Minute).Send(t.Context(), delivery.Message{ID: "a", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	if r.counted() != (Fetches{Fetched: 1, Repeated: 1}) {
		t.Fatalf("%+v", r.counted())
	}
	other, now := append([]byte("x"), r.secret[1:]...), time.Now()
	for name, err := range map[string]error{
		"a body of somebody's": verify(r.secret, last.Header, []byte(strings.Replace(body, `1}`, `9}`, 1)), now),
		"another secret":       verify(other, last.Header, []byte(body), now),
		"a recording":          verify(r.secret, last.Header, []byte(body), now.Add(skew+time.Minute)),
		"no signature":         verify(r.secret, http.Header{"Webhook-Timestamp": last.Header["Webhook-Timestamp"]}, []byte(body), now),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	again, err := openStockRoom(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.listener.Close()
	if string(again.secret) != string(r.secret) {
		t.Error("a later start has another secret than the agents know")
	}
}
