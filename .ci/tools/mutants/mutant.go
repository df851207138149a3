package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

type mutant struct{ name, promise, file, test, old, new string }

func read(file string) (mutant, error) {
	m := mutant{name: strings.TrimSuffix(filepath.Base(file), ".mutant")}
	b, err := os.ReadFile(file)
	if err != nil {
		return m, err
	}
	head, rest, ok1 := strings.Cut(string(b), "--- old\n")
	before, after, ok2 := strings.Cut(rest, "--- new\n")
	if !ok1 || !ok2 {
		return m, fmt.Errorf("no `--- old` and `--- new` in it")
	}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "promise":
			m.promise = value
		case "file":
			m.file = value
		case "test":
			m.test = value
		}
	}
	m.old, m.new = strings.TrimSuffix(before, "\n"), strings.TrimSuffix(after, "\n")
	if m.promise == "" || m.file == "" || m.test == "" {
		return m, fmt.Errorf("promise, file and test must be named")
	}
	return m, nil
}

// broken is its file with the line broken.
func (m mutant) broken(root string) (string, error) {
	b, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(b), m.old); n != 1 {
		return "", fmt.Errorf("its old text stands %d times in %s, want once", n, m.file)
	}
	return strings.Replace(string(b), m.old, m.new, 1), nil
}

// kill returns nil when the mutant builds and its test fails, and what the test
// said. Binaries that the test builds have the broken line, too.
func (m mutant) kill(root, run string) (said string, err error) {
	code, err := m.broken(root)
	if err != nil {
		return "", err
	}
	own := filepath.Join(run, m.name)
	if err := os.Mkdir(own, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(own, filepath.Base(m.file))
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): file}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(own, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("go", m.args(root)...)
	cmd.Dir = root
	flags := os.Getenv("GOFLAGS") + " -overlay=" + list + " -toolexec=" + filepath.Join(run, standIn)
	cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(flags))
	out, err := cmd.CombinedOutput()
	return string(out), m.judge(string(out), err)
}

// args are those of the go command. A random check neither shrinks for long what it
// found nor writes it into the tree, where later runs would find it again.
func (m mutant) args(root string) []string {
	args := append([]string{"test", "-v", "-vet=off", "-count=1", "-timeout", "3m"}, strings.Fields(m.test)...)
	for _, arg := range args {
		tests, _ := filepath.Glob(filepath.Join(root, arg, "*_test.go"))
		for _, file := range tests {
			if b, _ := os.ReadFile(file); strings.HasPrefix(arg, "./") && strings.Contains(string(b), `"pgregory.net/rapid"`) {
				return append(args, "-rapid.nofailfile", "-rapid.shrinktime=1s")
			}
		}
	}
	return args
}

// judge returns nil where a test failed, else why none did.
func (m mutant) judge(said string, failed error) error {
	has := func(words string) bool { return strings.Contains(said, words) }
	switch {
	case failed == nil && has("no tests to run"):
		return fmt.Errorf("%s runs no test", m.test)
	case failed == nil && has("--- SKIP"):
		return fmt.Errorf("%s stays green, and skips", m.test)
	case failed == nil:
		return fmt.Errorf("%s stays green", m.test)
	case has("[build failed]"):
		return errors.New("it does not build")
	case has("[setup failed]"):
		return errors.New("its package can't be loaded")
	case has("panic: test timed out") && !strings.Contains(m.test, "-timeout "):
		return errors.New("its test hangs; let it end by itself, or name a short -timeout")
	case has("--- FAIL"), has("panic:"):
		return nil
	case has("signal: killed"):
		return errors.New("no test failed: the process was killed from outside, most likely for want of memory")
	case has("fatal error: "):
		_, why, _ := strings.Cut(said, "fatal error: ")
		why, _, _ = strings.Cut(why, "\n")
		return fmt.Errorf("no test failed: the runtime gave up: %s", why)
	}
	return fmt.Errorf("no test failed: go test ended with %w", failed)
}
