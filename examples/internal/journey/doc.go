// Package journey reads The Complete Journey, a year of baskets of some 2,500
// households (84.51°, CC0), as input of the loop: goods, people, coupons, and
// baskets in the order of weeks.
//
// # Files
//
// A folder with transactions and products, and, where they are there,
// demographics, campaigns, campaign_descriptions and coupons; each as name or
// name_sample, .csv.gz or .csv, with a header line. Other files are not read.
// Any weeks will do. Rows come in any order, so [Open] spills the transactions to a file
// a week; memory holds the goods, what is known of households, and one week.
//
// # What the data lacks
//
// Stock, cost and consent are not in it. They are generated from the ids, the
// same ones every time, and [Generated] is the label that goes with them.
// Prices are what was paid on average before discounts; a product never paid
// for is not in the range.
//
// # What it can say
//
// People bought what they bought, whatever is shown now. So showing an item
// that is in the basket is a prediction that came true, not a sale caused:
// [Board] counts predictions, beside popularity and last-bought.
//
// # Failure
//
// A row with a value that can't be read is skipped and counted, an id that names
// nothing is counted as dangling and its basket kept ([Counts]). A missing file
// or column, or a file that ends in the middle, is an error that says what to
// do.
package journey
