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
// What is withheld says why, the first of these that holds: "unparsable", when
// the row or a consent string of the request can't be read; "invalid", when a
// string can be read and must not be used; "stale", when a string or the lease is
// over; "objection" to marketing, which denies personalised_offers; "signal",
// when a signal of the request denies the purpose, or its string does not grant
// it; "not_granted".
//
// # Strings of a request
//
// They narrow what is granted, all of them together, and never widen it; a
// request without any narrows nothing. Decoding one is tcf's and gpp's; what it
// grants now is another question. A TCF string that is read grants by numbers of
// its purposes and by the kind of the slot, offers or content:
//
//	1                    device_storage
//	3 offers, 5 content  profile_building
//	4                    personalised_offers
//	6                    personalised_content
//	7 offers, 8 content  measurement
//	9                    audience_statistics
//	10                   model_training
//
// and never cross_channel or anything sensitive. Consent to a number is read from
// the publisher's own segment or, where the rulebook names a vendor, from the
// core: the purpose, the vendor, and no restriction of the publisher that
// forbids it or asks for legitimate interest. Legitimate interest never grants,
// nor does Canada's implied consent. Nothing at all grants a string that was
// updated longer ago than max_age, or more than a day ahead of the node's clock;
// that was created after 2026-02-28 without the segment of disclosed vendors;
// that has no publisher's segment while no vendor is named; or that is of TCF
// version 1.
//
// Of a GPP string those sections count that its gppSid names, or that the
// rulebook says apply here; without a gppSid all of them do. A section that is
// named and missing, with or without a string, or can't be read, is unparsable; what
// answers for section 2 without a GPP string is a TCF string. Sections 2 and 5 are TCF
// strings. Those of the United States grant nothing; a choice in them that is 1
// (opted out, no consent) denies:
//
//	sale, sharing, targeted advertising   cross_channel, personalised_offers
//	sensitive data, any class of it       everything sensitive
//	data of a known child, any age        profile_building, personalised_content,
//	                                      personalised_offers, audience_statistics,
//	                                      model_training, cross_channel,
//	                                      everything sensitive
//	processing beyond what was disclosed  audience_statistics, model_training,
//	                                      cross_channel
//
// Global Privacy Control, of the request or of a section, denies cross_channel
// and, unless the rulebook says otherwise, personalised_offers.
//
// # Histories
//
// What a person buys is kept in their profile as the field purchases (the format
// is sync/profilebody's): written where profile_building and one of the purposes
// that the field is declared for are granted, at most 256 items, the oldest out,
// none longer than the longest time to live. How often counts receipt lines; a
// line that is brought back or voided takes one away. A person's usual price of an
// item is the mean over its lines; the money of a line is of all its pieces. A
// history is read only while profile_building is granted, too, and goes with its
// withdrawal.
//
// # Rows, version 0
//
// In state.db, table "consent", by pseudonym. Numbers are unsigned varints, a
// text is its length and its bytes.
//
//	size  field
//	1     version, 0
//	1     flags: 1 objection to marketing, 2 confirmed by the hub, 4 evidence, 8 erased
//	1     purposes, lowest bit first: device_storage, profile_building,
//	      personalised_content, personalised_offers, measurement,
//	      audience_statistics, model_training, cross_channel
//	v     version of the consent
//	v     begin of the lease, node time in Unix milliseconds
//	v     number of sensitive purposes, then each as a text
//	      with evidence: a text (digest of the words), a text (place), v (time)
//
// Of an erased person there is a row under the tombstone of the pseudonym (see
// wire.Pseudonym), of which only the version counts: in either regime it grants
// nothing, and no consent of that version or below does again. A higher one takes
// its place.
//
// The body of a profile is sync/profilebody's, sealed by agent/profile.
package consent
