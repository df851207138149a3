// Package catalogue knows a node's items, prices and stock, and answers from
// memory.
//
// What an item is comes in columns of an immutable [Snapshot], one swap for
// each bulk write. Its place in them never changes: items are in the order in
// which they first came in, which is the catalogue's order. What there is of it
// lives beside the snapshot and changes in place: a stock movement or a hold
// costs the same however large the catalogue is, and what becomes available or
// stops being so shows in [Availability] before the change is acknowledged.
//
// # Stock
//
// A count says how many there were at a time; movements that happened after it
// are applied to it whenever they came in, earlier ones are in it already. A
// count older than the last one is refused. Times come from tills: one that is
// absent, ahead of the node's time or more than seven days behind it is no
// time, and the record's counts. A count below zero is refused; what is on hand
// may fall below it all the same, since a till sells what a shelf has and a system
// does not, and is not offered then. An item that was never counted
// has nothing on hand.
//
// Of what an outcome says was not found no more can be promised than came since,
// whatever was counted before, until it is counted, no earlier than it was missed: a
// count says where it is, even one of the same number. What came first in time counts,
// also where it is told later.
//
// # Prices
//
// Of each item the prices are kept that applied to it: on the shelf, and those of
// offers as decisions showed them, personal ones too. At most 16, and none that ended
// more than 120 days ago.
//
// # Rows, version 0
//
// In catalogue.db; integers are big-endian, numbers in a stock row are
// zigzag varints.
//
//	table  key       value
//	items  id        4 bytes place, then the encoded wire.Item without its stock
//	stock  id        1 byte version 0; on hand; time of the count;
//	                 time at which it was not found, 0 for found since;
//	                 then time and change of each movement after it, in order
//	moved  movement  8 bytes sequence of its record; lives seven days
//	prices id        1 byte version 0; 1 byte length of a currency and its code; then
//	                 for each price that applied 1 byte (1: an offer's), amount,
//	                 beginning and end as zigzag varints
//	state  "changed" 8 bytes node time of the last change of an item
//
// A stock row holds at most 256 movements: past that the older half is joined
// in pairs, each at the time of its later one, so a late count may take one
// movement for another's time.
//
// # Failure
//
// A row that is refused is reported and the others are kept. Reading a raw item
// reports a damaged file as [store.ErrCorrupt]; everything else is in memory.
package catalogue
