package delivery_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/delivery"
	"github.com/aisle-edge/aisle/sync/wire"
)

var ctx = context.Background()

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// verify is what a receiver does by the text of Standard Webhooks, apart from what
// signs.
func verify(secret string, h http.Header, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	at, err := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return errors.New("timestamp " + h.Get("Webhook-Timestamp"))
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("Webhook-Id") + "." + h.Get("Webhook-Timestamp") + "."))
	mac.Write(body)
	for one := range strings.SplitSeq(h.Get("Webhook-Signature"), " ") {
		version, text, _ := strings.Cut(one, ",")
		if got, err := base64.StdEncoding.DecodeString(text); err == nil && version == "v1" && hmac.Equal(got, mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature is of this secret")
}

func webhook(t testing.TB, url string, lines ...string) *delivery.Webhook {
	secrets, err := delivery.ParseSecrets([]byte(strings.Join(append(lines, secret), "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return delivery.NewWebhook(url, secrets, 10*time.Second)
}

// A receiver with any of the secrets verifies a message, and nobody else's.
func TestMessagesAreSigned(t *testing.T) {
	const older, foreign = "whsec_b2xkZXIgc2VjcmV0IG9mIDI0IGJ5dGVz", "whsec_Zm9yZWlnbiBzZWNyZXQsIDI0IGJ5dGVz"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := errors.Join(verify(secret, r.Header, body), verify(older, r.Header, body)); err != nil {
			t.Error(err)
		}
		if verify(foreign, r.Header, body) == nil || verify(secret, r.Header, append(body, ' ')) == nil {
			t.Error("the verifier takes anything")
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Webhook-Id") != "a1" {
			t.Errorf("%s %v", r.Method, r.Header)
		}
	}))
	defer s.Close()
	state, err := webhook(t, s.URL, older).Send(ctx, delivery.Message{ID: "a1", Body: []byte(`{"type":"action"}`)})
	if err != nil || state != wire.ActionState_ACTION_SENT {
		t.Error(state, err)
	}
}

// What a function answers decides what becomes of the message, however it answers.
func TestAnswers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	const again = "again"
	for name, c := range map[string]struct {
		status  int
		body    string
		headers map[string]string
		want    string // a state, final:why, or again
	}{
		"nothing":         {status: 204, want: "ACTION_SENT"},
		"words":           {status: 200, body: "OK", want: "ACTION_SENT"},
		"garbage":         {status: 200, body: "{\"state\":\x00\xff", want: "ACTION_SENT"},
		"another state":   {status: 200, body: `{"state":"approved"}`, want: "ACTION_SENT"},
		"very much":       {status: 200, body: strings.Repeat("x", 1<<20), want: "ACTION_SENT"},
		"done":            {status: 200, body: `{"state":"done","by":"robot"}`, want: "ACTION_DONE"},
		"rejected":        {status: 200, body: `{"state":"rejected"}`, want: "ACTION_REJECTED"},
		"not found":       {status: 404, want: "final:status_404"},
		"gone":            {status: 410, want: "final:status_410"},
		"moved":           {status: 302, headers: map[string]string{"Location": elsewhere.URL}, want: "final:redirect"},
		"moved for good":  {status: 308, headers: map[string]string{"Location": elsewhere.URL}, want: "final:redirect"},
		"timeout":         {status: 408, want: again},
		"too many":        {status: 429, headers: map[string]string{"Retry-After": "7"}, want: again},
		"broken":          {status: 500, body: `{"state":"done"}`, want: again},
		"unavailable":     {status: 503, want: again},
		"no such gateway": {status: 502, want: again},
		"cut off":         {status: 0, want: again},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.status == 0 {
				panic(http.ErrAbortHandler)
			}
			for k, v := range c.headers {
				w.Header().Set(k, v)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}))
		state, err := webhook(t, s.URL).Send(ctx, delivery.Message{ID: "a1", Body: []byte("{}")})
		got, final := state.String(), (*delivery.Final)(nil)
		switch {
		case errors.As(err, &final):
			got = "final:" + final.Why
		case err != nil:
			got = again
			if strings.Contains(err.Error(), s.URL) {
				t.Errorf("%s: the address is in %v", name, err)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, c.want)
		}
		s.Close()
	}
}

func TestSecretsAndAddresses(t *testing.T) {
	for _, text := range []string{"", "\n", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!!!", secret + "\nsecret"} {
		if _, err := delivery.ParseSecrets([]byte(text)); err == nil {
			t.Errorf("%q is a secret", text)
		}
	}
	for text, want := range map[string]bool{
		"https://stock.example/a": true, "http://127.0.0.1:9/a": true, "http://[::1]:9": true, "http://localhost": true,
		"http://stock.example/a": false, "http://10.0.0.1/": false, "http://127.0.0.1.example/": false, "ftp://127.0.0.1/": false, "stock": false, "https://": false,
		"https://user:password@stock.example/": false,
	} {
		if err := delivery.CheckURL(text, false); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := delivery.CheckURL("http://stock.example", true); err != nil {
		t.Error(err)
	}
}
