// Package release keeps what a node runs: it fetches, verifies and tries a
// release before it serves by it, serves on by the last one when there is no
// network, and goes back when a module does harm.
//
// # A release
//
// On a node that is enrolled a release comes from the hub and only if
// sync/trust verified it. Its artifacts are the files that people wrote
// (slots.yaml, rules.yaml, features.yaml, offers.csv, and escrow.csv: which node may
// give away how much of an offer's budget), what was learned about items
// (model/rankings.json, an object of slots, each a list of item ids, best first;
// model/together.bin, see package together, and model/embeddings, see package
// embedding, where a slot or feature needs them)
// and a bundle for each model: model/<name> of what is learned, own/<name> of what
// was made elsewhere and no online role may change. A module travels along or is
// made by this node's own emitter, and must be, byte for byte, the one the manifest
// names; its golden vectors are run in the engine it will run in; every column must
// be declared in features.yaml. What fails any of this is not activated, and Status says why. A
// node of its own (no trust) runs a folder of the same files instead, unsigned,
// where offers, rankings and models may be missing, every budget is its own, and <name>.wasm is a scorer file
// (package bundle).
//
// A release is provisional until its modules have scored well a number of times.
// One of its modules failing three times within 10,000 scores, or in more than
// one of a hundred, is put in quarantine: the node goes back to the release
// before, if that may still be run, or else serves those slots without a model.
// A release that names a model in quarantine is not activated again.
//
// # Files
//
//	release/artifacts/     the artifacts, by digest, see sync/artifact
//	release/a.manifest     the two banks: manifests as they were signed
//	release/b.manifest
//	release/state.json     which bank runs, and what must not
//
// state.json, version 0, is replaced as a whole: so after a crash the old release
// runs or the new one. Every artifact is verified by its digest each time it is
// read. A release that was provisional through three starts, none of which came to
// a proper end, is taken for one that ends the process, and is left like one whose
// module failed.
package release
