package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/central"
	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// tool is what the flags of all commands say.
type tool struct {
	config string
	json   bool
}

func (t *tool) load() (central.Config, error) {
	c, err := central.Load(t.config)
	return c, terminal.Wrong(err)
}

// print writes a result, as JSON or in words.
func (t *tool) print(c *cobra.Command, v any, inWords func(io.Writer)) error {
	return terminal.Print(c, t.json, v, inWords)
}

// call asks the running centre, as its administrator. in nil sends no body, out
// nil wants none.
func (t *tool) call(ctx context.Context, method, path string, in, out any) error {
	cfg, err := t.load()
	if err != nil {
		return err
	}
	token, err := os.ReadFile(filepath.Join(cfg.State, api.TokenFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("central never ran with the state in %s; start it with `aisle-central run`, or name its --config", cfg.State)
	}
	if err != nil {
		return fmt.Errorf("read the administrator's token: %w; run this as the user that runs central", err)
	}
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+cfg.Address+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	r.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Timeout: 2 * time.Minute}).Do(r)
	if err != nil {
		return fmt.Errorf("central does not answer at %s (%w); start it with `aisle-central run`", cfg.Address, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return refused(answer)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(out)
}

// refusal is a problem that central answered with.
type refusal struct{ api.Problem }

// Error is one line.
func (r *refusal) Error() string {
	text := cmp.Or(r.Detail, r.Title)
	for _, f := range r.Faults {
		text += "; " + strings.TrimSpace(f.File+" "+f.Path+": "+f.Problem)
	}
	return text
}

func refused(answer *http.Response) error {
	r := new(refusal)
	if err := json.NewDecoder(io.LimitReader(answer.Body, 4<<20)).Decode(&r.Problem); err != nil || r.Type == "" {
		return fmt.Errorf("what answers there is not central (%s); check `address` in the configuration", answer.Status)
	}
	switch r.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return terminal.Wrong(r)
	}
	return r
}
