// Package kiosk is a shelf in a shop, and the list of what its staff is to fetch from
// there: plain pages on the agent's own API, which the agent serves at /kiosk. They
// need no hub, no build step and no other host.
package kiosk

import "embed"

// Page is the folder to serve at /kiosk.
//
//go:embed index.html kiosk.css page.js words.js kiosk.js staff.html staff.js
var Page embed.FS
