package cdn

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"time"
)

// Cookies that say who a visitor is; there are none before they say so. The
// agent is configured to read them.
const (
	CardCookie    = "card"    // id of the profile
	SessionCookie = "session" // one visit
)

// question is what a visitor is asked; its digest is kept with their answer.
const question = "May this page choose offers by what it knows from your card, remember what you are shown, and learn from it?"

var asked = []string{"device_storage", "profile_building", "personalised_offers", "measurement", "model_training"}

// greet writes into the page whose it is.
func greet(source []byte, r *http.Request) []byte {
	card := ""
	if c, err := r.Cookie(CardCookie); err == nil {
		card, _ = url.QueryUnescape(c.Value)
	}
	source = bytes.ReplaceAll(source, []byte("{{card}}"), []byte(html.EscapeString(card)))
	return bytes.ReplaceAll(source, []byte("{{question}}"), []byte(question))
}

// visitor takes the form: a card and an answer, a card alone to leave the answer
// as it is, or neither to be nobody again.
func (s site) visitor(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	card, allow := r.PostFormValue("card"), r.PostFormValue("allow")
	if len(card) > 256 {
		http.Error(w, "A card's number has at most 256 characters; go back and correct it.", http.StatusBadRequest)
		return
	}
	if card != "" && allow != "" {
		if err := s.tell(r.Context(), card, allow == "yes"); err != nil {
			http.Error(w, "Your answer could not be recorded; go back and try again.", http.StatusBadGateway)
			return
		}
	}
	session := ""
	if card != "" {
		session = rand.Text()
	}
	keep(w, CardCookie, url.QueryEscape(card))
	keep(w, SessionCookie, session)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// keep sets a cookie for this window, or removes it.
func keep(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// tell records a visitor's answer at the agent, with its evidence.
func (s site) tell(ctx context.Context, card string, yes bool) error {
	sum := sha256.Sum256([]byte(question))
	purposes := []string{}
	if yes {
		purposes = asked
	}
	body, err := json.Marshal(map[string]any{
		"purposes": purposes,
		"evidence": map[string]any{"text": hex.EncodeToString(sum[:]), "place": "page", "at": time.Now().UTC()},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*s.Patience)
	defer cancel()
	put, err := http.NewRequestWithContext(ctx, http.MethodPut, s.Agent+"/v1/profiles/"+url.PathEscape(card)+"/consent", bytes.NewReader(body))
	if err != nil {
		return err
	}
	put.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(put)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the agent answered %s", answer.Status)
	}
	return nil
}
