package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stockRoom is where both shops' agents post what is to be fetched: a webhook's other
// end, as a shop would write one.
type stockRoom struct {
	// immutable after openStockRoom
	listener net.Listener
	secret   []byte
	config   string // of the agents

	mu    sync.Mutex // guards the rest
	seen  map[string]bool
	count Fetches
}

// Fetches count what the stock room was sent.
type Fetches struct {
	Waiting  int `json:"waiting"` // for the staff, in both shops
	Fetched  int `json:"fetched"` // each with a signature that is right
	Repeated int `json:"repeated"`
	Refused  int `json:"refused"` // its signature or time was not
}

// skew is how far a message's time may be from ours: an older one may be a recording.
const skew = 5 * time.Minute

// openStockRoom listens, and makes the secret it shares with the agents.
func openStockRoom(dir string) (*stockRoom, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(filepath.Join(dir, "stock_room.secret"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, 32)
		rand.Read(fresh)
		text = []byte("whsec_" + base64.StdEncoding.EncodeToString(fresh))
		err = os.WriteFile(path, append(text, '\n'), 0o600)
	}
	if err != nil {
		return nil, err
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "whsec_"))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w; remove it, and another is made", path, err)
	}
	r := &stockRoom{secret: secret, seen: map[string]bool{}}
	if r.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	r.config = fmt.Sprintf("functions: {stock_room: {url: \"http://%s/fetch\", secret_file: %q}}\n", r.listener.Addr(), path)
	return r, nil
}

// run serves until ctx ends.
func (r *stockRoom) run(ctx context.Context) error {
	server := &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(r.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the stock room: %w", err)
	}
	return nil
}

// ServeHTTP takes one action. Whoever is not the agent gets nothing done here, and
// the same id is carried out once.
func (r *stockRoom) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(io.LimitReader(q.Body, 64<<10))
	if err == nil {
		err = verify(r.secret, q.Header, body, time.Now())
	}
	var m struct {
		Data struct {
			ItemID   string `json:"itemId"`
			Quantity int    `json:"quantity"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := q.Header.Get("webhook-id")
	switch {
	case err != nil:
		r.count.Refused++
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	case r.seen[id]:
		r.count.Repeated++
	default:
		r.seen[id] = true // here somebody would go and fetch m.Data.Quantity of m.Data.ItemID
		r.count.Fetched++
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"state":"done"}`)
}

// verify is all that a receiver of signed webhooks needs: the HMAC-SHA256 of id, time
// and body, joined by dots, is one of the signatures, and the time is about now.
func verify(secret []byte, h http.Header, body []byte, now time.Time) error {
	id, at := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > skew {
		return errors.New("the message is not of now")
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	for one := range strings.FieldsSeq(h.Get("webhook-signature")) {
		text, v1 := strings.CutPrefix(one, "v1,")
		signature, err := base64.StdEncoding.DecodeString(text)
		if v1 && err == nil && hmac.Equal(signature, mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("the message is not signed with our secret")
}

// counted are the fetches up to now.
func (r *stockRoom) counted() Fetches {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}
