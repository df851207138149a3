// Package gpp decodes strings of the IAB's Global Privacy Platform, strictly:
// the header, and the sections of the United States. Sections 2 and 5 are
// strings of agent/consent/tcf. What can't be read to the end is an error.
//
// It follows "Global Privacy Platform String", version 1, and the section
// specifications beside it. A string is the header and sections, joined by
// tildes. The header is base64url: 6 bits of its type, 3; 6 of a version, 1; 12
// bits of how many ranges of section ids, each a bit, the distance from the id
// before in Fibonacci coding and, if the bit is set, how many more in the same
// coding.
//
// A section of the United States is a core and subsections, base64url joined by
// dots. The core is a version of 6 bits and fields of 2, as layouts.go lists
// them; of those fields 0 is not applicable and 3 does not exist. What stands
// for choices of the person is 1 for an opt-out or no consent, 2 for neither.
// The subsection is 2 bits of its type, 1, and a bit of Global Privacy Control;
// in sections 25 to 27 one of at least 16 bits instead holds what became of
// sensitive data. Sections 24 to 27 are read as the IAB's libraries write them:
// without a header, or with the one that their specification has, of 6 bits of
// the section's id, 6 of a version, 1, and a range of what stands behind the
// core, which is 1 or nothing. Section 6, uspv1, is four letters:
// 1, and Y, N or - for notice, opt-out of sale and coverage by an agreement.
package gpp
