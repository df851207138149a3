// Package item reads what a shop knows of its goods: identifiers, money, and the
// rows of items, stock, offers and profiles that people import.
//
// # Identifiers
//
// A catalogue has one scheme. Under [GTIN] an id is a GTIN-8, -12, -13 or -14, a
// UPC-E code, a GS1 element string or a GS1 Digital Link URI; its check digit is
// verified and it becomes fourteen digits. Under [Own] it is the shop's own
// string and stays as it is, even where it looks like a GTIN: the scheme is
// stated, never guessed. Eight digits with a leading 0 are UPC-E, since no
// GTIN-8 of a trade item starts so; they are expanded before the check digit is
// judged.
//
// # Money
//
// An amount is an integer of minor units (cents) and an ISO 4217 code with a
// minor unit. Prices include tax, costs do not. A rate is rounded to millionths
// and everything after it is integer arithmetic, a half rounding up.
//
// # Rows
//
// CSV with a header line, or NDJSON with the same names, both UTF-8; an empty
// value or null is an absent one, and a list (also a JSON array) is written a|b.
//
//	items     id scheme title description brand category price currency tax_rate
//	          cost stock safety_stock status location image url
//	stock     id on_hand as_of (counts are from 0: what is sold beyond them makes it negative)
//	offers    id title kind target slot price percent currency starts ends budget
//	          pacing per_person_cap cadence priority stack condition status
//	escrow    offer site agent amount
//	profiles  id purposes consent_at consent_version household
//
// Any other column of items becomes an attribute, of profiles a field; in stock,
// offers and escrow it is refused. A field of a profile with a bar in it is a list; of
// one word alone nobody can tell, so that is a text. A row is at most [MaxRow] bytes, so
// it always fits a record, and memory does not grow with the file.
//
// An offer's condition is JSON of modules/rulebook/condition over item., context.,
// time., profile., site.id and basket; what its columns cadence, pacing, stack,
// budget and per_person_cap mean is said in agent/rules. Rows of escrow share an
// offer's budget among sites: a row without an agent is for a site's only one.
//
// # Failure
//
// A reader yields a [*RowError] for a row it refuses and goes on with the next:
// the caller chooses to skip or to stop. After any other error it is done. An
// error names line and column and what to write instead, never a value.
package item
