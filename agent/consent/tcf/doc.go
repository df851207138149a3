// Package tcf decodes consent strings of the IAB's Transparency & Consent
// Framework, strictly: versions 2.0 to 2.3 of Europe's and Canada's. What it
// can't read to the end, or what no consent management platform may write, is an
// error. Whether a decoded string grants anything now is agent/consent's to say.
//
// It follows the field tables of the IAB Tech Lab, "Consent string and vendor
// list formats v2" and, for Canada, "GPP Extension: IAB TCF Canada". A string is
// segments of base64url without padding, joined by dots: first the core, then in
// any order and each at most once those that name their type in three bits.
//
//	bits       core, Europe                core, Canada
//	6          version, 2                  version, 1 or 2
//	36 36      created, last updated, in tenths of a second since 1970
//	12 12      platform's id and version
//	6 12       screen, language as two letters A-Z of 6 bits
//	12 6       version of the vendor list, of the policy
//	1          is service specific         -
//	1          non-standard texts          non-standard stacks
//	12 24      special features, purposes consented to (expressly)
//	24         purposes of legitimate interest, implied consent
//	1 12       purpose one treatment, country as two letters; not in Canada
//	           vendors consented to, vendors of legitimate interest
//	           restrictions of the publisher; may be missing in Canada
//
//	type       segment
//	1          vendors disclosed
//	2          vendors allowed
//	3          publisher's own: 24 purposes consented to, 24 of legitimate
//	           interest, a number of 6 bits, so many own purposes of each
//
// Vendors are 16 bits of the highest id, a bit, and either that many bits or 12
// bits of how many ranges, each a bit, 16 of the first id and, if the bit is
// set, 16 of the last. Restrictions are 12 bits of how many, each 6 of a purpose,
// 2 of a type, and ranges. Bits behind the last field are zeros.
//
// Canada's ranges are in Fibonacci coding: each the distance from the id before
// and, if its bit is set, how many more; they end with the highest id. The
// vendors of a restriction are written as other vendors are. The IAB's library
// wrote Canada's as Europe's before, and what can be read only so still is; what
// can be read either way is refused.
package tcf
