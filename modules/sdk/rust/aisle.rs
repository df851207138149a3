//! What a scoring module written in Rust is built with, all of it: one file
//! without dependencies, for edition 2021 and Rust 1.63 or later.
//!
//! Say how many columns of each kind a frame has and what a row is worth:
//!
//! ```ignore
//! #![no_std]
//! mod aisle;
//! use aisle::{Row, Scorer, Shape, BIAS};
//!
//! const TEMPERATURE: usize = 0;
//! const MARGIN: usize = 1;
//!
//! struct Model;
//!
//! impl Scorer for Model {
//!     const SHAPE: Shape = Shape { context_dense: 1, dense: 1, ..Shape::ONE_HEAD };
//!
//!     fn row(r: &mut Row<Self>) {
//!         r.add(BIAS, 0.1);
//!         r.add(MARGIN, 0.5 * r.or(MARGIN, 0.2));
//!     }
//! }
//!
//! aisle::export!(Model);
//! ```
//!
//! Columns are numbered as the manifest lists them: dense and then categorical
//! columns of the context, dense and then categorical ones of a row. Naming a
//! column that isn't there, or not of that kind, traps.
#![allow(dead_code)]

use core::arch::wasm32::*;
use core::marker::PhantomData;
use core::ops::{Add, Mul};

/// How many columns of each kind a frame has, and what is answered.
#[derive(Clone, Copy)]
pub struct Shape {
    pub context_dense: usize,
    pub context_categorical: usize,
    pub dense: usize,
    pub categorical: usize,
    pub heads: usize,
    /// Each head also answers a variance.
    pub variance: bool,
}

/// Rows of a block.
pub const LANES: usize = 16;

/// Stands for what no column caused.
pub const BIAS: usize = usize::MAX;

/// What the author provides.
pub trait Scorer: Sized {
    const SHAPE: Shape;

    /// Scores one head of one row, by calling `add`.
    fn row(r: &mut Row<Self>);

    /// Scores 16 rows at once, if it is written. `row` still says why a row
    /// scored what it did, so both must agree.
    #[inline(always)]
    fn block(b: &mut Block<Self>) {
        b.score_rows()
    }
}

/// One candidate, and what is being said of one of its heads.
pub struct Row<S: Scorer> {
    /// The head that is asked for.
    pub head: usize,
    mean: f64,
    variance: f64,
    terms: *mut f64, // null while nobody asks why
    frame: *const u8,
    columns: *const u8, // this row's place in the first column of its block
    scorer: PhantomData<S>,
}

impl<S: Scorer> Row<S> {
    /// The value of a dense column, NaN if it is missing.
    #[inline(always)]
    pub fn dense(&self, column: usize) -> f32 {
        if column < S::SHAPE.first_dense() {
            return context::<S>(self.frame, column);
        }
        assert!(column < S::SHAPE.first_id());
        unsafe { *(column_of::<S>(self.columns, column) as *const f32) }
    }

    /// The value of a dense column, or other if it is missing.
    #[inline(always)]
    pub fn or(&self, column: usize, other: f64) -> f64 {
        let x = self.dense(column);
        if x.is_nan() {
            other
        } else {
            x as f64
        }
    }

    /// The value of a categorical column, 0 if it is missing.
    #[inline(always)]
    pub fn id(&self, column: usize) -> u32 {
        if column < S::SHAPE.first_dense() {
            return context_id::<S>(self.frame, column);
        }
        assert!(column >= S::SHAPE.first_id() && column < S::SHAPE.columns());
        unsafe { *(column_of::<S>(self.columns, column) as *const u32) }
    }

    /// Adds to the mean, on account of a column or of BIAS.
    #[inline(always)]
    pub fn add(&mut self, column: usize, v: f64) {
        self.mean += v;
        if !self.terms.is_null() {
            let term = column.wrapping_add(1);
            assert!(term <= S::SHAPE.columns());
            unsafe { *self.terms.add(term) += v }
        }
    }

    /// Says how uncertain the mean is.
    #[inline(always)]
    pub fn set_variance(&mut self, v: f64) {
        self.variance = v
    }
}

/// 16 rows. Those past the frame's last row hold anything, and what is answered
/// for them means nothing. A column of the context holds 16 times its value.
pub struct Block<S: Scorer> {
    frame: *const u8,
    columns: *const u8,
    mean: *mut f64,
    lane: usize, // f64 from one head's answers to the next one's
    rows: usize, // that are rows of the frame
    scorer: PhantomData<S>,
}

impl<S: Scorer> Block<S> {
    /// A dense column; NaN is missing.
    #[inline(always)]
    pub fn dense(&self, column: usize) -> [f32; LANES] {
        if column < S::SHAPE.first_dense() {
            return [context::<S>(self.frame, column); LANES];
        }
        assert!(column < S::SHAPE.first_id());
        unsafe { *(column_of::<S>(self.columns, column) as *const [f32; LANES]) }
    }

    /// A categorical column; 0 is missing.
    #[inline(always)]
    pub fn id(&self, column: usize) -> [u32; LANES] {
        if column < S::SHAPE.first_dense() {
            return [context_id::<S>(self.frame, column); LANES];
        }
        assert!(column >= S::SHAPE.first_id() && column < S::SHAPE.columns());
        unsafe { *(column_of::<S>(self.columns, column) as *const [u32; LANES]) }
    }

    /// Where a head's means go.
    #[inline(always)]
    pub fn mean(&mut self, head: usize) -> &mut [f64; LANES] {
        assert!(head < S::SHAPE.heads);
        unsafe { &mut *(self.mean.add(head * self.lane) as *mut [f64; LANES]) }
    }

    /// Where a head's variances go.
    #[inline(always)]
    pub fn variance(&mut self, head: usize) -> &mut [f64; LANES] {
        assert!(S::SHAPE.variance && head < S::SHAPE.heads);
        unsafe { &mut *(self.mean.add((S::SHAPE.heads + head) * self.lane) as *mut [f64; LANES]) }
    }

    #[inline(always)]
    fn score_rows(&mut self) {
        for head in 0..S::SHAPE.heads {
            for i in 0..self.rows {
                let mut r = row::<S>(self.frame, self.columns, i, head, core::ptr::null_mut());
                S::row(&mut r);
                self.mean(head)[i] = r.mean;
                if S::SHAPE.variance {
                    self.variance(head)[i] = r.variance;
                }
            }
        }
    }
}

/// Values of 16 rows as SIMD: what plain loops over arrays don't become.
#[derive(Clone, Copy)]
pub struct F32x16([v128; 4]);

impl F32x16 {
    /// The same value 16 times.
    #[inline(always)]
    pub fn splat(v: f32) -> Self {
        F32x16([f32x4_splat(v); 4])
    }

    /// The values, with other where they are missing.
    #[inline(always)]
    pub fn or(self, other: f32) -> Self {
        self.each(Self::splat(other), |x, o| v128_bitselect(x, o, f32x4_eq(x, x)))
    }

    /// The values as answers.
    #[inline(always)]
    pub fn wide(self) -> [f64; LANES] {
        let mut out = [0.0; LANES];
        for i in 0..4 {
            let x = self.0[i];
            out[4 * i] = f32x4_extract_lane::<0>(x) as f64;
            out[4 * i + 1] = f32x4_extract_lane::<1>(x) as f64;
            out[4 * i + 2] = f32x4_extract_lane::<2>(x) as f64;
            out[4 * i + 3] = f32x4_extract_lane::<3>(x) as f64;
        }
        out
    }

    #[inline(always)]
    fn each(self, other: Self, f: impl Fn(v128, v128) -> v128) -> Self {
        let (x, y) = (self.0, other.0);
        F32x16([f(x[0], y[0]), f(x[1], y[1]), f(x[2], y[2]), f(x[3], y[3])])
    }
}

impl From<[f32; LANES]> for F32x16 {
    #[inline(always)]
    fn from(v: [f32; LANES]) -> Self {
        let at = v.as_ptr() as *const v128;
        unsafe { F32x16([v128_load(at), v128_load(at.add(1)), v128_load(at.add(2)), v128_load(at.add(3))]) }
    }
}

impl Add for F32x16 {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.each(other, |x, y| f32x4_add(x, y))
    }
}

impl Mul for F32x16 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.each(other, |x, y| f32x4_mul(x, y))
    }
}

/// Exports what the host calls. Use it once.
#[macro_export]
macro_rules! export {
    ($scorer:ty) => {
        #[no_mangle]
        pub extern "C" fn aisle_alloc(size: u32) -> u32 {
            $crate::aisle::alloc(size)
        }

        #[no_mangle]
        pub unsafe extern "C" fn aisle_score(frame: *mut u8) -> u32 {
            $crate::aisle::score::<$scorer>(frame)
        }

        #[no_mangle]
        pub unsafe extern "C" fn aisle_explain(frame: *const u8, row: u32, head: u32) -> *const f64 {
            static mut TERMS: [f64; 1 + <$scorer as $crate::aisle::Scorer>::SHAPE.columns()] =
                [0.0; 1 + <$scorer as $crate::aisle::Scorer>::SHAPE.columns()];
            let terms = core::ptr::addr_of_mut!(TERMS) as *mut f64;
            $crate::aisle::explain::<$scorer>(frame, row as usize, head as usize, terms)
        }

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! {
            core::arch::wasm32::unreachable()
        }
    };
}
pub use crate::export;

// The rest is no concern of the author's.

const MAGIC: u32 = 0x46_53_41; // "ASF", version 0
const MAX_ROWS: usize = 10240;
const COLUMN: usize = 4 * LANES;
const OK: u32 = 0;
const BAD_FRAME: u32 = 1;

impl Shape {
    /// One head and no column at all.
    pub const ONE_HEAD: Shape =
        Shape { context_dense: 0, context_categorical: 0, dense: 0, categorical: 0, heads: 1, variance: false };

    const fn first_dense(&self) -> usize {
        self.context_dense + self.context_categorical
    }
    const fn first_id(&self) -> usize {
        self.first_dense() + self.dense
    }
    /// The number of columns.
    pub const fn columns(&self) -> usize {
        self.first_id() + self.categorical
    }
    const fn at_context(&self) -> usize {
        64
    }
    const fn at_context_id(&self) -> usize {
        align(self.at_context() + 4 * self.context_dense)
    }
    const fn at_blocks(&self) -> usize {
        align(self.at_context_id() + 4 * self.context_categorical)
    }
    const fn block_size(&self) -> usize {
        COLUMN * (self.dense + self.categorical)
    }
    const fn words(&self) -> [usize; 6] {
        [
            self.context_dense,
            self.context_categorical,
            self.dense,
            self.categorical,
            self.heads,
            self.variance as usize,
        ]
    }
}

const fn align(n: usize) -> usize {
    (n + 15) & !15
}

#[inline(always)]
fn context<S: Scorer>(frame: *const u8, column: usize) -> f32 {
    assert!(column < S::SHAPE.context_dense);
    unsafe { *(frame.add(S::SHAPE.at_context()) as *const f32).add(column) }
}

#[inline(always)]
fn context_id<S: Scorer>(frame: *const u8, column: usize) -> u32 {
    assert!(column >= S::SHAPE.context_dense && column < S::SHAPE.first_dense());
    unsafe { *(frame.add(S::SHAPE.at_context_id()) as *const u32).add(column - S::SHAPE.context_dense) }
}

#[inline(always)]
unsafe fn column_of<S: Scorer>(columns: *const u8, column: usize) -> *const u8 {
    columns.add(COLUMN * (column - S::SHAPE.first_dense()))
}

#[inline(always)]
fn row<S: Scorer>(frame: *const u8, block: *const u8, lane: usize, head: usize, terms: *mut f64) -> Row<S> {
    let columns = unsafe { block.add(4 * lane) };
    Row { head, mean: 0.0, variance: 0.0, terms, frame, columns, scorer: PhantomData }
}

extern "C" {
    static __heap_base: u8;
}

/// The frame has all memory behind the program's own.
pub fn alloc(size: u32) -> u32 {
    let at = align(unsafe { &__heap_base as *const u8 as usize }) as u32;
    let need = ((at as u64 + size as u64 + 65535) >> 16) as usize;
    let have = core::arch::wasm32::memory_size(0);
    if need > have && core::arch::wasm32::memory_grow(0, need - have) == usize::MAX {
        return 0;
    }
    at
}

unsafe fn knows<S: Scorer>(frame: *const u8) -> bool {
    let header = &*(frame as *const [u32; 16]);
    let shape = S::SHAPE.words();
    header[0] == MAGIC && header[2] as usize <= MAX_ROWS && (0..6).all(|i| header[3 + i] as usize == shape[i])
}

/// # Safety
/// The host has written a frame where `alloc` said.
pub unsafe fn score<S: Scorer>(frame: *mut u8) -> u32 {
    if !knows::<S>(frame) {
        return BAD_FRAME;
    }
    let header = &*(frame as *const [u32; 16]);
    let (rows, means) = (header[2] as usize, header[13] as usize);
    let blocks = (rows + LANES - 1) / LANES;
    for i in 0..blocks {
        S::block(&mut Block {
            frame,
            columns: frame.add(S::SHAPE.at_blocks() + i * S::SHAPE.block_size()),
            mean: (frame.add(means) as *mut f64).add(i * LANES),
            lane: blocks * LANES,
            rows: (rows - i * LANES).min(LANES),
            scorer: PhantomData,
        });
    }
    OK
}

/// # Safety
/// The host has written a frame where `alloc` said; terms has room for the bias
/// and all columns.
pub unsafe fn explain<S: Scorer>(frame: *const u8, index: usize, head: usize, terms: *mut f64) -> *const f64 {
    if !knows::<S>(frame) || index >= *(frame as *const u32).add(2) as usize || head >= S::SHAPE.heads {
        return core::ptr::null();
    }
    for i in 0..=S::SHAPE.columns() {
        *terms.add(i) = 0.0;
    }
    let block = frame.add(S::SHAPE.at_blocks() + index / LANES * S::SHAPE.block_size());
    S::row(&mut row::<S>(frame, block, index % LANES, head, terms));
    terms
}
