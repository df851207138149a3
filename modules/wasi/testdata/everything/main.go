// Command everything calls what a guest could ask a host for, so that a test
// sees what Go's library imports.
package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"time"
)

func main() {}

//go:wasmexport aisle_score
func score(frame int32) int32 {
	time.Sleep(time.Millisecond)
	fmt.Println(rand.Int(), time.Now(), os.Args, os.Environ())
	files()
	if l, err := net.FileListener(os.Stdin); err == nil {
		l.Accept()
	}
	return frame
}

func files() {
	os.Mkdir("a", 0o700)
	os.Rename("a", "b")
	os.Symlink("a", "b")
	os.Link("a", "b")
	os.Readlink("a")
	os.Truncate("a", 1)
	os.Chtimes("a", time.Time{}, time.Time{})
	os.Remove("a")
	fs.WalkDir(os.DirFS("."), ".", func(string, fs.DirEntry, error) error { return nil })
	f, _ := os.Open("a")
	f.ReadAt(nil, 0)
	f.WriteAt(nil, 0)
	f.Sync()
	f.Chmod(0)
	f.Truncate(0)
	f.Seek(0, 0)
}
