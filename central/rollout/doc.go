// Package rollout signs releases and publishes them, so that package trust
// accepts them on every node.
//
// # Keys
//
// A folder (0700) with one file (0600) a key, PKCS #8 in PEM, Ed25519, named
// <role>-<first 16 hex digits of the TUF key id>.pem. Which key of a role is
// in use stands in root.json (for the role refresh: in targets.json), so a key
// that no file names is of no use, and a rotation that was cut off leaves just
// such a one. Every threshold is 1. A role whose key is elsewhere can't sign
// here; the others go on.
//
// # State
//
// Config.Dir holds `repository`, the signed files in the format of trust.Files
// with every root since the first, and `artifacts`, an artifact.Store with what
// the listed releases name. Each change signs all it needs to and replaces
// `repository` in one step: before it nothing has happened, after it the
// release is out, whether or not the hub has it yet.
//
// # On the way
//
// Push repeats until the hub has everything: artifacts, manifests, targets,
// refresh, snapshot, roots, and timestamp.json last. A node that reads between
// two steps sees the old timestamp and the old set, which stay until the sweep
// two versions later; only in a rotation may it find a new root and an old
// signature, refuse, and ask again.
package rollout
