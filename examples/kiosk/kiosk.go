// Package kiosk is a shelf in a shop: a plain page on the agent's own API, which
// the agent serves at /kiosk. It needs no hub, no build step and no other host.
package kiosk

import "embed"

// Page is the folder to serve at /kiosk.
//
//go:embed index.html kiosk.css kiosk.js
var Page embed.FS
