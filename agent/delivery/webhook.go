package delivery

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Webhook is a door that posts to a URL.
type Webhook struct {
	url     string
	secrets [][]byte
	client  *http.Client
}

// CheckURL tells whether a webhook may go there: by https or, within this machine, by
// http; insecure lets http go anywhere.
func CheckURL(text string, insecure bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must be a URL such as https://stock.example/actions, without a user")
	case u.Scheme == "https", insecure:
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("must be https, for it leaves this machine; set insecure where the network itself is trusted")
}

// NewWebhook makes a door whose messages are signed with each of the secrets; one try
// takes at most timeout.
func NewWebhook(to string, secrets [][]byte, timeout time.Duration) *Webhook {
	return &Webhook{to, secrets, &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: atOnce, MaxIdleConns: atOnce, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: maxAnswer, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ParseSecrets reads secrets as Standard Webhooks writes them, one a line: "whsec_"
// and the base64 of 24 to 64 bytes.
func ParseSecrets(b []byte) (secrets [][]byte, err error) {
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		text, marked := strings.CutPrefix(line, "whsec_")
		secret, err := base64.StdEncoding.DecodeString(text)
		if !marked || err != nil || len(secret) < 24 || len(secret) > 64 {
			return nil, errors.New("must have lines of whsec_ and the base64 of 24 to 64 bytes, for instance from `echo whsec_$(openssl rand -base64 32)`")
		}
		secrets = append(secrets, secret)
	}
	if len(secrets) == 0 {
		return nil, errors.New("has no secret; write one with `echo whsec_$(openssl rand -base64 32)`")
	}
	return secrets, nil
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 16 << 10

// later is an error that names the earliest time of the next try.
type later struct {
	error
	after time.Duration
}

// Send posts a message once.
func (w *Webhook) Send(ctx context.Context, m Message) (wire.ActionState, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(m.Body))
	if err != nil {
		return 0, &Final{"url"}
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "aisle-agent")
	r.Header.Set("webhook-id", m.ID)
	r.Header.Set("webhook-timestamp", at)
	r.Header.Set("webhook-signature", w.sign(m.ID, at, m.Body))
	answer, err := w.client.Do(r)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err // the address may hold a key
		}
		return 0, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil && answer.StatusCode/100 == 2 {
		err = nil // the function has it, whatever it wanted to say
	}
	return made(answer, b, err)
}

func (w *Webhook) sign(id, at string, body []byte) string {
	signed := make([]string, len(w.secrets))
	for i, secret := range w.secrets {
		h := hmac.New(sha256.New, secret)
		fmt.Fprintf(h, "%s.%s.", id, at)
		h.Write(body)
		signed[i] = "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	return strings.Join(signed, " ")
}

// made is what an answer says.
func made(answer *http.Response, body []byte, err error) (wire.ActionState, error) {
	why := "status_" + strconv.Itoa(answer.StatusCode)
	switch status := answer.StatusCode; {
	case status/100 == 2:
		return stateOf(body), nil
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status/100 == 5, err != nil:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return 0, later{errors.New(why), time.Duration(min(max(seconds, 0), 300)) * time.Second}
	case status/100 == 3:
		return 0, &Final{"redirect"}
	}
	return 0, &Final{why}
}

// stateOf is what the function says in words; words that are not ours say nothing.
func stateOf(body []byte) wire.ActionState {
	var said struct {
		State string `json:"state"`
	}
	if json.Unmarshal(body, &said) == nil {
		switch said.State {
		case "done":
			return wire.ActionState_ACTION_DONE
		case "rejected":
			return wire.ActionState_ACTION_REJECTED
		}
	}
	return wire.ActionState_ACTION_SENT
}
