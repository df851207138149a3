// Package condition decides who or what is eligible by a condition in the
// Mongo-like JSON form that GrowthBook's SDKs evaluate, compiled once.
//
// A condition is a map. Its keys are dotted paths to values, beside $and, $or,
// $nor (lists of conditions; an empty $or holds), $not (a condition) and
// $savedGroup (the id of a group, [Options]); all of them must hold. At a path stands what its value must be: a value, or a map of operators.
//
//	{"context.weather": "rain",
//	 "profile.age": {"$gte": 18},
//	 "$or": [{"item.brand": {"$in": ["a", "b"]}}, {"item.price": {"$lt": 500}}]}
//
//	a text, number, boolean  equal once the value is converted to that type
//	null                     null or missing
//	a list, a map            equal in all its parts, whatever the order of keys
//	$eq $ne                  equal, without conversion
//	$lt $lte $gt $gte        order: of two texts, or of numbers
//	$in $nin $ini $nini      one of a list; of a value that is a list, one of its elements
//	$inGroup $notInGroup     the same with a list of [Options].Groups
//	$all $alli               a list with an element for each of these
//	$elemMatch               a list with an element for which this holds
//	$size                    a list of so many elements
//	$regex $regexi           a match anywhere in the text, RE2 syntax, linear time
//	$veq $vne $vgt $vgte $vlt $vlte  order of versions such as 1.2.3-rc.1
//	$exists $type $not
//
// $ini, $nini, $alli and $regexi take no account of case.
//
// # Values as JavaScript sees them
//
// Conversions are JavaScript's, since that is what a condition written for
// GrowthBook means: "8" is above 5, a list is the text of its elements with
// commas, a missing value is null and thus below 10 and above -10. Where a
// missing value must not pass, add $exists. $elemMatch passes over elements that
// are null, as GrowthBook's present SDK does (former ones also over 0, false and
// empty texts). The order of keys never matters, case is folded
// rune by rune, and patterns are RE2's: look-ahead and back-references do not
// exist.
//
// # What may not be read
//
// A value that may not be read ([Withhold]) is neither there nor missing. An
// operator on it has the outcome [Withheld], which $not leaves as it is; so
// {"profile.diet": {"$ne": "vegan"}} does not become true because a person
// granted nothing. [True] is returned only where the condition holds whatever
// the withheld values are, [False] only where it fails whatever they are.
//
// # Limits
//
// A text of a condition is at most 32 KiB, 32 levels deep and 4,096 values; a
// pattern at most 256 bytes and 1,000 instructions once its repetitions are
// written out. An evaluation takes at most as many steps as the condition has
// values times the elements of the lists it reads.
package condition
