package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/sync/artifact"
)

const (
	// TokenFile is the administrator's token in the folder of the state, readable
	// by its owner alone. Whoever replaces it ends all sessions.
	TokenFile = "admin.token"

	linkFor    = 15 * time.Minute
	sessionFor = 12 * time.Hour
	cookie     = "aisle_session"
)

// Access says who is the administrator: who sends the token, or has a browser
// that opened a one-time link.
type Access struct {
	// immutable after OpenAccess
	token [sha256.Size]byte // its hash
	key   [sha256.Size]byte // signs sessions
	now   func() time.Time

	mu    sync.Mutex // guards links, each until when it may be used, by its hash
	links map[[sha256.Size]byte]time.Time
}

// OpenAccess reads the token in a folder. fresh tells that there was none and
// it was made. now nil is time.Now.
func OpenAccess(dir string, now func() time.Time) (a *Access, fresh bool, err error) {
	if now == nil {
		now = time.Now
	}
	path := filepath.Join(dir, TokenFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh = true
		text = []byte("aisle-admin-" + secret() + "\n")
		err = artifact.Replace(path, text)
	}
	token := strings.TrimSpace(string(text))
	if err == nil && len(token) < 32 {
		err = errors.New("is too short for a token; remove it and start again")
	}
	if err != nil {
		return nil, false, fmt.Errorf("administrator's token %s: %w", path, err)
	}
	return &Access{
		token: sha256.Sum256([]byte(token)),
		key:   sha256.Sum256([]byte("aisle session 0\n" + token)),
		now:   now,
		links: make(map[[sha256.Size]byte]time.Time),
	}, fresh, nil
}

// secret is 160 random bits.
func secret() string {
	var b [20]byte
	rand.Read(b[:])
	return base32.StdEncoding.EncodeToString(b[:])
}

// Link makes a path that signs a browser in, once, within a quarter of an hour.
func (a *Access) Link() string {
	link := secret()
	a.mu.Lock()
	defer a.mu.Unlock()
	for l, until := range a.links {
		if !a.now().Before(until) {
			delete(a.links, l)
		}
	}
	a.links[sha256.Sum256([]byte(link))] = a.now().Add(linkFor)
	return "/login?link=" + link
}

// spend uses a link up.
func (a *Access) spend(link string) bool {
	hash := sha256.Sum256([]byte(link))
	a.mu.Lock()
	defer a.mu.Unlock()
	until, ok := a.links[hash]
	delete(a.links, hash)
	return ok && a.now().Before(until)
}

// admits tells whether a request is the administrator's.
func (a *Access) admits(r *http.Request) bool {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		hash := sha256.Sum256([]byte(token))
		return subtle.ConstantTimeCompare(hash[:], a.token[:]) == 1
	}
	c, err := r.Cookie(cookie)
	return err == nil && a.session(c.Value)
}

// A session is its end (Unix s, u64, little-endian) and the HMAC of that.
func (a *Access) sign(until time.Time) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(until.Unix()))
	h := hmac.New(sha256.New, a.key[:])
	h.Write(b)
	return base64.RawURLEncoding.EncodeToString(h.Sum(b))
}

func (a *Access) session(value string) bool {
	b, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(b) != 8+sha256.Size {
		return false
	}
	until := time.Unix(int64(binary.LittleEndian.Uint64(b)), 0)
	return hmac.Equal([]byte(a.sign(until)), []byte(value)) && a.now().Before(until)
}

// login is where a one-time link leads.
func (a *Access) login(w http.ResponseWriter, r *http.Request) {
	if !a.spend(r.URL.Query().Get("link")) {
		kindNobody.problem("the link was used or is too old; make another with `aisle-central link`").write(w)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: a.sign(a.now().Add(sessionFor)), Path: "/", MaxAge: int(sessionFor.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
