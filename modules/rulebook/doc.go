// Package rulebook reads what people decide about a site's slots: slots.yaml,
// rules.yaml and features.yaml of a release folder, version 0, strictly.
//
// The same function reads them at the centre, before anyone approves, and on
// every node. Unknown keys, wrong types, values out of range and references to
// what is not there are all refused at once, each with its line ([Faults]);
// defaults are filled; nothing else is tolerated or guessed. Of YAML only plain
// maps, lists and scalars are read: no anchors, aliases, tags or second
// documents. A file is at most 128 KiB.
//
// A JSON Schema of each file is given by [Schema]; it says all but what relates
// one value to another.
//
// What a purpose is called lies outside: the caller passes the check in.
//
// The package also evaluates the rules that need neither a person nor a score,
// over a catalogue's columns ([Rule.Apply]).
package rulebook
