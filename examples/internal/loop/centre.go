package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/central/api"
)

// Centre is the running centre, spoken to as its administrator.
type Centre struct {
	// immutable after Start
	URL   string
	State string // folder
	child *child
	bin   string
	conf  string
	token string
}

func (l *Loop) startCentre(ctx context.Context) error {
	dir := l.path("central")
	c := &Centre{
		URL: "http://" + address(l.opt.Port), State: filepath.Join(dir, "state"),
		bin: binary(l.opt.Bin, "aisle-central"), conf: filepath.Join(dir, "config.yaml"),
	}
	text := fmt.Sprintf("address: %q\nscheme: %s\nlog_level: warn\nhub: {address: %q}\ntraining: {every: %s, half_life: %s}\nreleases: {keep: 20}\n",
		address(l.opt.Port), l.opt.Scheme, address(l.opt.Port+HubPort), l.opt.Every, l.opt.Half)
	if err := configure(c.conf, text); err != nil {
		return err
	}
	c.child = newChild("central", l.path("log", "central.log"), c.bin, "run", "--config", c.conf)
	l.Centre = c
	if err := c.child.start(); err != nil {
		return err
	}
	if err := until(ctx, c.child, c.URL+"/readyz", time.Minute); err != nil {
		return err
	}
	token, err := os.ReadFile(filepath.Join(c.State, api.TokenFile))
	if err != nil {
		return fmt.Errorf("read the administrator's token: %w", err)
	}
	c.token = strings.TrimSpace(string(token))
	return l.release(ctx)
}

// release publishes the folder, also where the same one is out already: that may
// have been made by other binaries, whose modules these don't emit.
func (l *Loop) release(ctx context.Context) error {
	if err := l.write(l.opt.Release, "release"); err != nil {
		return err
	}
	_, err := l.Centre.Command(ctx, "release", "propose", l.path("release"), "--publish", "--note", "the example's folder")
	return err
}

// Command runs aisle-central with these words, and gives what it printed.
func (c *Centre) Command(ctx context.Context, words ...string) (string, error) {
	return command(ctx, c.bin, append(words, "--config", c.conf)...)
}

// Overview is how everything stands by the centre's account.
func (c *Centre) Overview(ctx context.Context) (*api.Overview, error) {
	o := new(api.Overview)
	return o, c.call(ctx, http.MethodGet, "/overview", nil, o)
}

// Measure tells the centre what was measured outside.
func (c *Centre) Measure(ctx context.Context, name string, m api.Told) error {
	return c.call(ctx, http.MethodPut, "/measurements/"+name, m, nil)
}

func (c *Centre) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.URL+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	return fetch(http.DefaultClient, r, out)
}

// Problem is an answer that is no success.
type Problem struct {
	Status       int
	Type, Detail string
}

func (p *Problem) Error() string {
	return fmt.Sprintf("answered %d %s: %s", p.Status, p.Type, p.Detail)
}

func fetch(client *http.Client, r *http.Request, out any) error {
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		p := &Problem{Detail: string(b[:min(len(b), 200)])}
		_ = json.Unmarshal(b, p) // what is no problem document stays as text
		p.Status = answer.StatusCode
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, p)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// command runs a binary and gives what it printed; its complaint is the error.
func command(ctx context.Context, path string, words ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, path, words...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(path), strings.Join(words[:min(2, len(words))], " "), err, strings.TrimSpace(complaint.String()+out.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

func binary(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name)
}

func configure(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}
