// Command mutants breaks one line for each promise and demands that its test
// turns red. A mutant is a file under .ci/mutants; see CONTRIBUTING.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

type mutant struct{ name, promise, file, test, old, new string }

func main() {
	root := flag.String("root", ".", "the project's folder")
	only := flag.String("only", "", "run the mutants whose name holds this")
	dry := flag.Bool("dry", false, "only see that each has its line to break")
	flag.Parse()
	files, err := filepath.Glob(filepath.Join(*root, ".ci/mutants/*.mutant"))
	if err != nil || len(files) == 0 {
		fmt.Fprintln(os.Stderr, "no mutants found below", *root)
		os.Exit(2)
	}
	var results []chan string
	free := make(chan bool, runtime.NumCPU())
	for _, f := range files {
		if !strings.Contains(filepath.Base(f), *only) {
			continue
		}
		result := make(chan string, 1)
		results = append(results, result)
		go func() {
			free <- true
			result <- try(*root, f, *dry)
			<-free
		}()
	}
	alive := 0
	for _, r := range results { // in the order of their names
		line := <-r
		if strings.HasPrefix(line, "ALIVE") {
			alive++
		}
		if line != "" {
			fmt.Println(line)
		}
	}
	if alive > 0 {
		fmt.Printf("%d mutants alive: their tests would pass with the promise broken, or can't be run\n", alive)
		os.Exit(1)
	}
}

// try is the line to print of a mutant.
func try(root, file string, dry bool) string {
	m, err := read(file)
	if err == nil && dry {
		if _, err = m.broken(root); err == nil {
			return ""
		}
	}
	if err == nil {
		err = m.kill(root)
	}
	if err != nil {
		return fmt.Sprintf("ALIVE %-40s %v", m.name, err)
	}
	return fmt.Sprintf("red   %-40s promise %s", m.name, m.promise)
}

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

// kill returns nil when the mutant builds and its test fails.
func (m mutant) kill(root string) error {
	code, err := m.broken(root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): file}})
	if err != nil {
		return err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return err
	}
	args := []string{"test", "-vet=off", "-count=1", "-timeout", "3m", "-overlay", list}
	cmd := exec.Command("go", append(args, strings.Fields(m.test)...)...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch said := string(out); {
	case err == nil:
		return fmt.Errorf("%s stays green", m.test)
	case strings.Contains(said, "[build failed]"):
		return fmt.Errorf("it does not build: %s", said)
	case !strings.Contains(said, "--- FAIL") && !strings.Contains(said, "panic:"):
		return fmt.Errorf("it ended without a failing test: %s", said)
	}
	return nil
}
