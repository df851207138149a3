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
// features.yaml lists every column that a model may look at: its source (which
// there are, and what they mean, package agent/features says), the purpose for
// which it may be read, how long it counts. Its list context, where there is one,
// says which keys a request's context may have and of what type; what is not in
// it, no feature reads. A feature's text is what people call it, by language; reasons
// say it in our English or German, or in the words that the file gives ([Words]). A
// rule's text is what why-not says of an item that it removes; without one the words
// of its kind do, and without those the numbers that it met with, in English.
//
// What a purpose is called lies outside: the caller passes the check in.
//
// The package also evaluates the rules that need neither a person nor a score,
// over a catalogue's columns ([Rule.Apply]).
//
// # Conditions
//
// A rule of any kind may say where (to which items it applies), when (in which
// requests) and unless (where it does not), each a condition as package condition
// reads it, written as a map or as a text of JSON. What a rule would have to know
// of the request and does not, because nobody said it or because it may not be read,
// lets the rule apply: of what is missing, $exists tells nothing. The paths are
//
//	item.id item.brand item.category item.department item.attr.<key>
//	item.price          gross minor units, after the offers that hold for everybody
//	context.<key>       what the request says; texts true and false are booleans
//	basket              the list that the context has under this name
//	time.hour time.minute time.weekday (0 is Sunday) time.date (2026-03-08), in
//	                    the zone that rules.yaml names; default UTC
//	site.id             where the node stands
//	profile.<field>     as declared in features.yaml, for the purpose it says there
//
// Where the catalogue's ids are GTINs, those that rules, slots and conditions name may
// have 8, 12 or 13 digits, as on a package, or 14.
//
// An item that has no brand, category or attribute has null there. An attribute is a
// text, whatever is in it, unless the list lists of rules.yaml names it: then it is a
// list in every condition, of what stands between its bars, without the spaces around
// it, for $in, $all, $elemMatch, $size and groups. It is declared because a bar in a
// name or a description would else turn a text into a list, and change what a rule
// that compares it means.
//
// groups of rules.yaml gives names to lists of values, for $inGroup and $notInGroup,
// and to conditions, for $savedGroup; conditions of rules, slots and offers.csv know
// them. They are written as GrowthBook exports saved groups, or as plain lists. A text
// and a number are different values: ids stand in quotes.
//
//	lists: [labels]
//	groups:
//	  picks: ["04006381333931", "04012345678901"]
//	  wet: {type: condition, condition: {context.weather: {$in: [rain, snow]}}}
//	rules:
//	  - {id: hide, kind: exclude, when: {$savedGroup: {id: wet}}, unless: {item.id: {$inGroup: picks}}}
//	  - {id: bio, kind: exclude, where: {item.attr.labels: {$nin: [bio]}}, when: {site.id: market}}
//
// # Kinds
//
// The kinds of rules and what each takes are those of [RuleKind] and [Rule]. avoid
// and needs compare words without case; an item that says nothing of the attribute
// is removed for who says what to avoid or to need, and nothing is for who does not.
// age passes items without the attribute. cap and suppress count per person, session
// or household, of item, brand, category, and cap of slot (answers) and offer (its
// showings in the slot since it began), too; a household is the profile field of
// that name. A person or household is remembered for 720h, a session for 24h, so no
// window is longer. An answer of several items stays within a cap with what was shown
// before. cap per node counts everybody, in one of at most 720h: what anybody is shown
// counts for the window and up to a sixteenth of it longer, and of an offer all
// showings in the slot count.
//
// # Fairness
//
// Up to 16 groups, of which a node counts what each gets beside the rest (package
// agent/fairness says what and how):
//
//	fairness:
//	  - {id: local, items: {item.attr.supplier: local}}
//	  - {id: seniors, customers: {profile.age: {$gte: 65}}, least: 200, window: 168h}
//
// items is a condition over items, customers one over the request or its person, as
// a rule's when is. Who did not say, or did not grant what the condition asks, is in
// neither side; each slot asks, so a field that serves nothing else is best declared for
// audience_statistics. tolerance (0.8) is how far what one side gets may be from the
// other's, as a ratio; least (100) how many decisions each side must have had, or of
// customers persons, before anything is told; window (24h) how long is counted
// before it is. The id is all that status and metrics call a group by: name no value
// in it.
package rulebook
