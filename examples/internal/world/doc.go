// Package world is a small generated trade: two shops and a page, the goods
// they sell, and shoppers whose tastes nobody tells the product.
//
// The same seed gives the same world: who comes when, in what weather, and what
// each would do with whatever is shown. A shopper's answer to a shown item
// depends on the visit and the item alone, so two policies can be tried on the
// same people. The range of goods and the running offers are the same under any
// seed, since a release names them.
//
// Time is what passed since the world began; its days last [Day]. Fifteen
// minutes in, at [Shift], tastes change and nobody is told.
//
// What the product may know comes out as import files, requests and outcomes.
// Why a shopper chose stays inside; the shelf and the grants of [Visit] are
// there for the judge.
//
// It can't fail: there is no input but a seed.
package world
