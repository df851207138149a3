// Package profilebody is the one codec of what is kept about a person: named
// values, each with the time it was set.
//
// It knows nothing of purposes: who may see which field is decided by the
// caller, field by field, before a value is decoded.
//
// # Format, version 0
//
// Little-endian; fields in ascending order of their names, each name once, so
// one set of fields has exactly one encoding.
//
//	size  field
//	1     version, 0
//	2     number of fields, at most 256
//	      then each field:
//	1     length of the name in bytes, 1 to 64
//	n     name
//	8     set at, Unix milliseconds
//	1     kind: 1 text, 2 number, 3 list of texts, 4 history of purchases
//	      text: 2 length, n bytes of UTF-8
//	      number: 8, finite IEEE 754
//	      list: 2 count, then each as a text
//	      history: 2 count, at most 256, then each, ascending by item:
//	8     xxhash64 of the item's id
//	2     day it was bought last, since 1970-01-01 UTC
//	2     times it was bought, at least 1; 65535: as often or more
//	4     usual price of one, gross, in minor units; 0: not known
//
// A body is at most [MaxBody] bytes. Decode reads lengths before it allocates
// and refuses anything else with [ErrMalformed] or [ErrVersion]; no error ever
// carries a name's value.
package profilebody
