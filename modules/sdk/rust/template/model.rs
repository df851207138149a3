//! What a row is worth. The columns are those of manifest.json, in its order.
#![no_std]

mod aisle;
use aisle::{Row, Scorer, Shape, BIAS};

const TEMPERATURE: usize = 0;
const MARGIN: usize = 1;
const POPULARITY: usize = 2;
const CHILLED: usize = 3;
const CATEGORY: usize = 4;

struct Model;

impl Scorer for Model {
    const SHAPE: Shape = Shape { context_dense: 1, dense: 3, categorical: 1, ..Shape::ONE_HEAD };

    fn row(r: &mut Row<Self>) {
        r.add(BIAS, 0.1);
        r.add(MARGIN, 0.5 * r.or(MARGIN, 0.2));
        r.add(POPULARITY, 0.3 * r.or(POPULARITY, 0.0));
        r.add(CHILLED, 0.02 * (r.or(TEMPERATURE, 20.0) - 20.0) * r.or(CHILLED, 0.0));
        if r.id(CATEGORY) == 0 {
            r.add(CATEGORY, -0.25);
        }
    }
}

aisle::export!(Model);
