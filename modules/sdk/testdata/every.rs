//! Every column, two heads and variances.
#![no_std]

mod aisle;
use aisle::{Row, Scorer, Shape, BIAS};

struct Model;

impl Scorer for Model {
    const SHAPE: Shape =
        Shape { context_dense: 2, context_categorical: 2, dense: 3, categorical: 2, heads: 2, variance: true };

    fn row(r: &mut Row<Self>) {
        let h = r.head as f64;
        r.add(BIAS, 1.0 + h);
        r.add(0, r.or(0, 0.25) * 2.0);
        r.add(1, r.or(1, -1.0));
        r.add(2, (r.id(2) % 8) as f64 * 0.5);
        r.add(3, (r.id(3) % 4) as f64);
        r.add(4, (h + 1.0) * r.or(4, 0.5));
        r.add(5, 0.125 * r.or(5, 0.0));
        r.add(6, r.or(6, 1.0) * r.or(0, 0.25));
        r.add(7, (r.id(7) % 16) as f64 * 0.25);
        if r.id(8) == 0 {
            r.add(8, -3.0);
        }
        r.set_variance(0.5 + h + r.or(4, 0.5) * r.or(4, 0.5));
    }

    // block {
    fn block(b: &mut aisle::Block<Self>) {
        for head in 0..2 {
            let h = head as f64;
            for i in 0..aisle::LANES {
                let x = or(b.dense(4)[i], 0.5);
                let mut m = 1.0 + h;
                m += or(b.dense(0)[i], 0.25) * 2.0;
                m += or(b.dense(1)[i], -1.0);
                m += (b.id(2)[i] % 8) as f64 * 0.5;
                m += (b.id(3)[i] % 4) as f64;
                m += (h + 1.0) * x;
                m += 0.125 * aisle::F32x16::from(b.dense(5)).or(0.0).wide()[i];
                m += or(b.dense(6)[i], 1.0) * or(b.dense(0)[i], 0.25);
                m += (b.id(7)[i] % 16) as f64 * 0.25;
                if b.id(8)[i] == 0 {
                    m -= 3.0;
                }
                b.mean(head)[i] = m;
                b.variance(head)[i] = 0.5 + h + x * x;
            }
        }
    }
    // block }
}

// block {
fn or(x: f32, other: f64) -> f64 {
    if x.is_nan() { other } else { x as f64 }
}
// block }

aisle::export!(Model);
