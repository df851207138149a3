// Package trust decides, with or without a network, which release a node may
// run: TUF metadata verified by go-tuf, a store of its own, and one rule more.
//
// # Roles
//
// root names the keys. targets, held by people, signs full releases; the
// online role refresh, delegated by targets, may sign a release that differs
// from the newest full one in nothing but its models ([OnlyModels]). snapshot
// and timestamp say which of these files belong together and that they are
// fresh. A release is the target releases/<counter>; its manifest is a
// wire.Release, stored and hashed as the bytes it is.
//
// # Files
//
//	<n>.root.json      <n>.snapshot.json   timestamp.json
//	<n>.targets.json   <n>.refresh.json    <sha256 in hex>.release
//
// timestamp.json carries one field more than TUF asks for: "issued", when it
// was signed. A node's reference time is the later of that and its own clock,
// so a clock set back revives nothing; a clock set forward makes everything
// expired, and expired means: install nothing new. It never means stop.
//
// # Store
//
// One file holds a set of these files that was verified as a whole, in the
// format of [Files]; it moves from one verified set to the next in one step.
// So a crash leaves a set that verifies offline, whatever keys were changed.
// The set holds one name more, "admitted": a line "counter digest" for each
// release ever verified here, the newest last, at most 64.
//
// # Failure
//
// Refresh either returns the newest release or changes nothing. What it
// refuses is ErrSignature, ErrRollback, ErrExpired, ErrMixed, ErrMalformed,
// ErrNotApproved or ErrNoRelease; everything else comes from the source.
package trust
