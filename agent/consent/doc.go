// Package consent says what a person grants now, and gives of a profile only
// what that covers; without its yes nothing is read, decoded or written.
//
// The answer is no unless there is a row for the person that grants the purpose,
// its lease still runs, and nothing in the request or the row denies it. Only
// where there is no row at all, and the site's signed regime is opt_out, some
// purposes are granted without one. What is stale or can't be read grants
// nothing in either regime.
//
// A withdrawal is a row like any other: a version that grants less. Versions of
// a person only grow, so an older record that comes in late changes nothing. A
// row and the profile it covers are read in one view, so a withdrawal that was
// answered is in force in every read that begins after it.
//
// # Reasons
//
// What is withheld says why: "not_granted"; "stale", when the lease is over;
// "objection" to marketing, which denies personalised_offers; "signal", when the
// request's Global Privacy Control denies cross_channel and personalised_offers;
// "unparsable", when the row or a consent string of the request can't be read.
// TCF and GPP strings can't be decoded here, so any of them is unparsable.
//
// # Rows, version 0
//
// In state.db, table "consent", by pseudonym. Numbers are unsigned varints, a
// text is its length and its bytes.
//
//	size  field
//	1     version, 0
//	1     flags: 1 objection to marketing, 2 confirmed by the hub, 4 evidence
//	1     purposes, lowest bit first: device_storage, profile_building,
//	      personalised_content, personalised_offers, measurement,
//	      audience_statistics, model_training, cross_channel
//	v     version of the consent
//	v     begin of the lease, node time in Unix milliseconds
//	v     number of sensitive purposes, then each as a text
//	      with evidence: a text (digest of the words), a text (place), v (time)
//
// The body of a profile is sync/profilebody's, sealed by agent/profile.
package consent
