// Package modules holds no code of its own: it hands out the sources that a Go
// module of somebody's own is built with, so that a project of theirs is whole
// without this repository. Package sdk copies them.
package modules

import "embed"

// Guest is packages guest and abi.
//
//go:embed guest/*.go abi/*.go
var Guest embed.FS
