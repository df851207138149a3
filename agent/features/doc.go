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
// Of scope context, one value a request:
//
//	context.<key>       what the request says; of a list its first
//	time.hour           0 to 23, as all of time in the zone that rules.yaml names
//	time.minute, time.month, time.day_of_year
//	time.weekday        0 (Sunday) to 6; time.is_weekend 1 on Saturday and Sunday, else 0
//	profile.<field>     what is known of the person
//	basket.size         how many items the request's context lists as basket
//	basket.value        what those cost that are known, after offers, in minor units
//	basket.department   that most of them are of, the first of equals
//	session.shown       items the session was shown; session.clicked: that it clicked
//	session.seconds     since the first thing known of the session; 0: nothing yet
//
// Of scope item, one value a candidate:
//
//	item.id, item.brand, item.category, item.attr.<key>
//	item.department     the first part of the category's path
//	item.price          gross, after the offer, in minor units
//	item.margin         share of the net price, after the offer, that is margin
//	item.discount       share of the gross price that the offer takes off
//	item.stock          on hand
//	action.<key>        what the caller says of an action
//	pair.times_bought   on how many receipt lines the person bought the item
//	pair.days_since     days, in UTC, since they did last; missing if never
//	pair.category_affinity, pair.brand_affinity
//	                    what share of all they bought is of the item's category, or
//	                    brand: times·2^(-days/60) of those, by that of all
//	pair.price_ratio    price after the offer, by the mean of what the person paid in
//	                    its category; if nothing, by the median regular price there
//	pair.basket_fit     the mean, over the different items of the basket that the
//	                    artifact model/together.bin knows, of how well the item goes
//	                    with them (package together); missing if it knows none
//
// Prices of items, and what is worked out from them, are those of the decision:
// where an offer makes one for this request alone, that one is scored, recorded and
// learned from. Those of the basket are everybody's.
//
// A dense value is transform(value)·scale + offset as f32; a text counts where it
// is a number, true is 1. A categorical one is the id of "name=value".
//
// A list context in features.yaml types what requests say: a value of another
// type, or under a key that is not in it, is missing to every feature.
//
// # Persons
//
// What is of a person, of profile and of pair but for basket_fit, is missing unless its own purpose is
// granted now, and the slot's; two columns may read one field for two purposes. It
// is missing, too, once its ttl is over: since a field was set, or since the day of
// a purchase began. Pairs read the field purchases of the profile (package consent
// says how it comes about); what the catalogue never knew counts for no category
// and brand. A price of which nobody knew counts at the item's regular price of
// today. Someone without purchases that count has no pairs: all are missing.
//
// Columns of persons are the person's in records, too: see Plan.Withhold. So is what
// rows say of a price that hangs on the person. A session
// is not a person, and no purpose is needed to count what it did; a feature may
// name one all the same.
package features
