//! A dot product of 32 columns.
#![no_std]

mod aisle;
// block {
use aisle::F32x16;
// block }
use aisle::{Row, Scorer, Shape};

const COLUMNS: usize = 32;
const WEIGHTS: [f32; COLUMNS] = [
    1.0 / 1.0, 1.0 / 2.0, 1.0 / 3.0, 1.0 / 4.0, 1.0 / 5.0, 1.0 / 6.0, 1.0 / 7.0, 1.0 / 8.0,
    1.0 / 9.0, 1.0 / 10.0, 1.0 / 11.0, 1.0 / 12.0, 1.0 / 13.0, 1.0 / 14.0, 1.0 / 15.0, 1.0 / 16.0,
    1.0 / 17.0, 1.0 / 18.0, 1.0 / 19.0, 1.0 / 20.0, 1.0 / 21.0, 1.0 / 22.0, 1.0 / 23.0, 1.0 / 24.0,
    1.0 / 25.0, 1.0 / 26.0, 1.0 / 27.0, 1.0 / 28.0, 1.0 / 29.0, 1.0 / 30.0, 1.0 / 31.0, 1.0 / 32.0,
];

struct Model;

impl Scorer for Model {
    const SHAPE: Shape = Shape { dense: COLUMNS, ..Shape::ONE_HEAD };

    fn row(r: &mut Row<Self>) {
        for c in 0..COLUMNS {
            r.add(c, (WEIGHTS[c] * r.dense(c)) as f64);
        }
    }

    // block {
    fn block(b: &mut aisle::Block<Self>) {
        let mut sum = F32x16::splat(0.0);
        for c in 0..COLUMNS {
            sum = sum + F32x16::splat(WEIGHTS[c]) * b.dense(c).into();
        }
        *b.mean(0) = sum.wide();
    }
    // block }
}

aisle::export!(Model);
