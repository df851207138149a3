// Command mutants breaks one line for each promise and demands that its test
// turns red. A mutant is a file under .ci/mutants; see CONTRIBUTING.md.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	if filepath.Base(os.Args[0]) == standIn {
		os.Exit(stand(filepath.Dir(os.Args[0]), os.Args[1:]))
	}
	root := flag.String("root", ".", "the project's folder")
	only := flag.String("only", "", "run the mutants whose name holds this")
	dry := flag.Bool("dry", false, "only see that each has its line to break")
	flag.Parse()
	files, err := filepath.Glob(filepath.Join(*root, ".ci/mutants/*.mutant"))
	if err != nil || len(files) == 0 {
		fmt.Fprintln(os.Stderr, "no mutants found below", *root)
		os.Exit(2)
	}
	run, err := newRun()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var waiting []chan result
	free := make(chan bool, runtime.NumCPU())
	for _, f := range files {
		if !strings.Contains(filepath.Base(f), *only) {
			continue
		}
		one := make(chan result, 1)
		waiting = append(waiting, one)
		go func() {
			free <- true
			one <- try(*root, f, run, *dry)
			<-free
		}()
	}
	var all []result
	for _, one := range waiting { // in the order of their names
		r := <-one
		if all = append(all, r); r.alive != "" || !*dry {
			fmt.Println(r)
		}
	}
	os.RemoveAll(run)
	if !*dry {
		tellSlowest(all)
	}
	if tellAlive(all) > 0 {
		os.Exit(1)
	}
}

// result is what became of a mutant.
type result struct {
	mutant
	alive string   // why, empty of one whose test turned red
	tail  []string // the last lines of what its test said
	took  time.Duration
}

// tellLines is how much is told of what a test said: a log may show its end only.
const tellLines = 20

func try(root, file, run string, dry bool) result {
	m, err := read(file)
	r := result{mutant: m}
	start := time.Now()
	var said string
	switch {
	case err != nil:
	case dry:
		_, err = m.broken(root)
	default:
		said, err = m.kill(root, run)
	}
	if r.took = time.Since(start); err != nil {
		r.alive = err.Error()
		lines := strings.FieldsFunc(said, func(c rune) bool { return c == '\n' })
		r.tail = lines[max(0, len(lines)-tellLines):]
	}
	return r
}

func (r result) String() string {
	if r.alive != "" {
		return fmt.Sprintf("ALIVE %-40s %s", r.name, r.alive)
	}
	return fmt.Sprintf("red   %-40s %4.0f s, promise %s", r.name, r.took.Seconds(), r.promise)
}

// tellSlowest names those whose tests deserve to be made narrower.
func tellSlowest(all []result) {
	slow := slices.Clone(all)
	slices.SortStableFunc(slow, func(a, b result) int { return cmp.Compare(b.took, a.took) })
	fmt.Println("\nthe slowest:")
	for _, r := range slow[:min(10, len(slow))] {
		fmt.Printf("%6.1f s %s\n", r.took.Seconds(), r.name)
	}
}

// tellAlive repeats at the very end what must be looked at.
func tellAlive(all []result) (alive int) {
	for _, r := range all {
		if r.alive == "" {
			continue
		}
		alive++
		fmt.Printf("\n%v\n", r)
		for _, line := range r.tail {
			fmt.Println("    " + line)
		}
	}
	if alive > 0 {
		fmt.Printf("\n%d of %d mutants alive: their tests would pass with the promise broken, or can't be run\n", alive, len(all))
	}
	return alive
}
