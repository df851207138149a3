// Command testrun reads `go test -json` and prints what a person wants to see:
// a line a package, the whole output of what failed, and every skip with its
// reason. With AISLE_REQUIRE=all a skip that the list does not excuse fails.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

func main() {
	known := flag.String("known", "", "list of skips that are excused: package test reason")
	flag.Parse()
	excused := excuses(*known)
	output := map[string][]string{}
	skipped := map[string][]string{}
	failed, passed := 0, 0

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch {
		case e.Action == "output":
			output[key] = append(output[key], e.Output)
		case e.Action == "build-output":
			fmt.Print(e.Output)
		case e.Action == "fail":
			failed++
			fmt.Printf("FAIL %s\n%s", key, strings.Join(output[key], ""))
		case e.Action == "skip" && e.Test != "":
			skipped[key] = output[key]
		case e.Action == "pass" && e.Test == "":
			fmt.Printf("ok   %-60s %6.1fs\n", e.Package, e.Elapsed)
		case e.Action == "pass":
			passed++
			delete(output, key)
		}
	}
	unexcused := 0
	for key, lines := range skipped {
		if _, ok := excused[key]; !ok {
			unexcused++
		}
		fmt.Printf("skip %s: %s\n", key, reason(lines))
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, len(skipped))
	if failed > 0 || in.Err() != nil || passed == 0 {
		os.Exit(1)
	}
	if unexcused > 0 && os.Getenv("AISLE_REQUIRE") == "all" {
		fmt.Printf("AISLE_REQUIRE=all: %d tests were skipped that %s does not excuse\n", unexcused, *known)
		os.Exit(1)
	}
}

func excuses(file string) map[string]string {
	list := map[string]string{}
	b, err := os.ReadFile(file)
	if err != nil {
		return list
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 2 && !strings.HasPrefix(f[0], "#") {
			list[f[0]+" "+f[1]] = strings.Join(f[2:], " ")
		}
	}
	return list
}

// reason is the message of the skip: the line that is not the runner's own.
func reason(lines []string) string {
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l != "" && !strings.HasPrefix(l, "===") && !strings.HasPrefix(l, "---") {
			return l
		}
	}
	return "no reason given"
}
