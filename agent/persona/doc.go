// Package persona splits what a person bought into a few tastes and says which
// candidates are of which, for lists that are mixed over them.
//
// A household shops for more than one: the tastes of what it bought are groups of
// items that lie close in the release's vectors (package embedding). They are
// found by spherical k-means (Dhillon and Modha, "Concept decompositions for large
// sparse text data using clustering", 2001) over the items, each weighing as often as
// it was bought, in at most six rounds; it begins with the item that weighs most and
// goes on with what weighs most and is least like those it has. A taste's share is the
// weight of its items. Whole numbers and + × ÷ √ alone are used, in order, so the same
// purchases give the same tastes on every machine.
//
// A candidate is of the taste it is most like, the larger one of equals; of none, if
// it has no vector or is like none of them.
//
// What is kept of tastes is kept in memory alone, of so many persons, and dropped
// with the next record of their consent, profile or erasure. Nothing fails: where
// nothing that was bought has a vector there are no tastes.
package persona
