package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts drives the command as people do. Each script has the model of
// testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error { return give(e.WorkDir) },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"code": code},
	})
}

func give(dir string) error {
	b, err := os.ReadFile(filepath.Join("testdata", "model.txt"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "model.txt"), b, 0o600)
}

// code runs a command that must end with a status: code N command arguments.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [arguments]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// TestTheReadmeIsTrue does what modules/README.md shows, and demands what it shows,
// … standing for anything.
func TestTheReadmeIsTrue(t *testing.T) {
	_, section, ok := strings.Cut(slurp(t, "../../README.md"), "## From a model file to a scorer")
	blocks := console.FindAllStringSubmatch(section, -1)
	if !ok || len(blocks) == 0 {
		t.Fatal("nothing is shown")
	}
	dir := t.TempDir()
	if err := give(dir); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	shown := 0
	for _, block := range blocks {
		for _, step := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			line, want, _ := strings.Cut(step, "\n")
			words := strings.Fields(line)
			if words[0] == "cat" {
				put(t, words[1], want)
				continue
			}
			if shown++; words[0] != "aisle-module" {
				t.Fatalf("%s: no word of the command", line)
			}
			got := strings.TrimSpace(must(t, words[1:]...))
			pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want)), "…", "(?s:.*)")
			if !regexp.MustCompile("^" + pattern + "$").MatchString(got) {
				t.Errorf("%s\n%s\nis shown, and it gives\n%s", line, want, got)
			}
		}
	}
	if shown < 5 {
		t.Errorf("%d commands", shown)
	}
}
