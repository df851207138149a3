// Package features lays what a model may look at into a score frame.
//
// A Plan is made once for each slot of a release, from the columns that the
// model's manifest lists in frame order. Each must be declared in features.yaml
// as it is there: a model that reads anything else is refused with ErrColumns.
// Columns of items that stay as they are while the catalogue does lie ready in
// the layout of a frame (Rows), and are copied in whole blocks; only stock, and
// what the caller says of actions, is filled in row by row.
//
// Whatever is not there is missing: a dense value is NaN, a categorical id 0. A
// column for a purpose that is not granted is missing too, and listed as
// withheld by its declaration, whether or not there is a value.
//
// # Sources
//
//	context.<key>       what the request says; of a list its first
//	time.hour           0 to 23, UTC; time.minute 0 to 59; time.weekday 0 (Sunday) to 6
//	profile.<field>     what is known of the person
//	item.id, item.brand, item.category, item.attr.<key>
//	item.department     the first part of the category's path
//	item.price          gross, after the offer, in minor units
//	item.margin         share of the net price, after the offer, that is margin
//	item.discount       share of the gross price that the offer takes off
//	item.stock          on hand
//	action.<key>        what the caller says of an action
//
// A dense value is transform(value)·scale + offset as f32; a text counts where it
// is a number, true is 1. A categorical one is the id of "name=value".
package features
