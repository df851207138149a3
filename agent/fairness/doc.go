// Package fairness counts what the groups that a rulebook declares get of each slot,
// beside the rest, and raises an alarm where they get too unlike.
//
// # What is counted
//
// Recorded decisions alone, deferred ones once they are activated, in windows that
// follow each other without overlap. One begins with the first decision after the
// last one's end.
//
//	exposure  of groups of items: the sum of 1/log2(1+k) over the positions k where
//	          one of the group stands (Singh and Joachims, 2018), beside its due: the
//	          same sum over all positions that were filled, times the group's share of
//	          the candidates that the rules left. Their ratio, over that of the rest,
//	          is 1 where every allowed item is as exposed as any other on average, which
//	          those authors call demographic parity, here amortised over decisions as
//	          Biega, Gummadi and Weikum (2018) do. Decisions count where both sides had a
//	          candidate.
//	depth     the share of the regular price that offers took off what was shown,
//	          personal ones too: its mean in a decision, and of those the mean
//	broken    shown items whose promise was broken, as outcomes and actions told: not
//	          found, substituted, an action for it (but of service) rejected by the
//	          staff or refused by its function. A shown item counts once, when the first
//	          word of it comes. A hold that lapsed because nobody came is none: the
//	          place kept its word.
//
// What is due is a share of what is allowed and not of what a model predicts: a model
// that learned from a group's low exposure would find it deserved. What was drawn
// stands in for what was expected: with true propensities its mean is the same, and
// how far it may be off by chance is part of the alarm.
//
// A customer is of the group, of the rest, or unknown: of who did not say what the
// condition asks, or does not grant it now, nothing is inferred.
//
// # Alarm
//
// At a window's end a measure is unfair where the ratio of the group's to the rest's
// is below the tolerance or above one over it, and the two differ by more than three
// standard errors: the exposure less what was due, the two means of depth, or the
// broken promises less the group's share of what was shown. What one person decides
// goes together (as in the variance of Liang and Zeger, 1986, with both sides alike):
// the error is the root of the sum over persons of the square of what each adds, so
// that fewer than ten persons raise no alarm whatever they are shown. Of broken
// promises it must be so by item, too, since one that is miscounted breaks many.
// Persons and items are told apart by nine bits of a hash; where two share them they
// count as one. An alarm stays until a window ends without.
//
// Where tastes of persons have nothing to do with the group, and each decides twenty
// times a window, a sixth to a half of the windows are beyond three errors of decisions
// that count as independent, and at most one in a hundred beyond these
// (TestFewPersonsAreChance).
//
// # Few
//
// Of a group nothing is told, logged or recorded unless both sides have at least as
// many decisions as it declares (of items: with a candidate on both sides) or persons
// (of customers); of the unknown likewise. Persons are counted by their pseudonym, requests of nobody
// known by their session or, without one, each by itself. Since windows don't overlap,
// no two figures differ by one person. Groups that people declare so that they differ
// by few persons are not found out here.
//
// # Memory
//
// What was shown is known for the last 16,384 decisions and 131,072 positions since
// the start, about 7 MB and only where groups are declared, and 32 or 64 KB for each
// group in each slot; what becomes of older promises is not counted. Whose side a person is on is forgotten there with an
// erasure or a withdrawal of personalisation.
//
// # Kept
//
// What was told of the last full window is a record of the log. A window that is not
// over can't be derived from it, since no record says who is in a group, and neither
// would sums beside each decision be silent of that. So sums alone are kept, in a file
// that each Keep writes anew, and of customers only when both sides have their least
// number of persons; of the unknown likewise. There is no person, no hash of one and no
// decision in it. A window goes on from there after a restart:
//
//	lost      decisions and broken promises since the last Keep (the agent's is each
//	          minute, and at its end); and for good, of promises from before the
//	          restart those that break later, on both sides alike; and of customers a
//	          window whose sides were still below the least
//	never     counted twice: what is kept is durable in the log before, and a window
//	          that was told since is dropped
//	apart     a person, or an item, before and after a restart counts as two for what
//	          is chance, but never towards the least number of persons
//
// Another rulebook begins all windows anew. A file that can't be read does, too.
//
// # Rows, version 0
//
// In state.db; a table of what was told last, which lives 62 days.
//
//	table     key               value
//	fairness  slot, 0, group    wire.Fairness
//
// The file of what is kept, little-endian:
//
//	offset  size  field
//	0       1     version, 0
//	1       32    digest of the rulebook
//	33            of each window: 2 bytes length of its key; the key as above; its
//	              totals, each integer and float 8 bytes, each bool 1, in their order
//	end-8   8     xxhash64 of all before
package fairness
