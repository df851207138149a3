// What a scoring module written in AssemblyScript is built with, all of it. It
// is the program's entry; the author's file is model.ts, which exports how many
// columns of each kind a frame has and what a row is worth:
//
//   import { Row, BIAS } from "./aisle";
//
//   enum Column { temperature, margin }
//
//   export const CONTEXT_DENSE = 1;
//   export const DENSE = 1;
//
//   export function row(r: Row): void {
//     r.add(BIAS, 0.1);
//     r.add(Column.margin, 0.5 * r.or(Column.margin, 0.2));
//   }
//
// and, where there are any, CONTEXT_CATEGORICAL and CATEGORICAL, HEADS if not
// one, and VARIANCE = 1 if each head also answers a variance.
//
// Columns are numbered as the manifest lists them: dense and then categorical
// columns of the context, dense and then categorical ones of a row. Naming a
// column that isn't there, or not of that kind, traps.
//
// A function block(b: Block): void, if model.ts exports one, scores 16 rows at
// once instead. row still says why a row scored what it did, so both must agree.
// Neither may allocate: nothing is ever freed.

import * as model from "./model";

/** Stands for what no column caused. */
export const BIAS: i32 = -1;

/** Rows of a block. */
export const LANES: i32 = 16;

/** One candidate, and what is being said of one of its heads. */
@unmanaged export class Row {
  /** The head that is asked for. */
  @inline get head(): i32 { return rowHead; }

  /** How uncertain the mean is; yours to set. */
  @inline set variance(v: f64) { rowVariance = v; }

  /** The value of a dense column, NaN if it is missing. */
  @inline dense(column: i32): f32 {
    if (column < firstDense) return contextDense(column);
    return load<f32>(rowAt + COLUMN * among(column, firstDense, firstID));
  }

  /** The value of a dense column, or other if it is missing. */
  @inline or(column: i32, other: f64): f64 {
    const x = this.dense(column);
    return x == x ? <f64>x : other;
  }

  /** The value of a categorical column, 0 if it is missing. */
  @inline id(column: i32): u32 {
    if (column < firstDense) return contextID(column);
    return load<u32>(rowAt + COLUMN * (dense + among(column, firstID, columns)));
  }

  /** Adds to the mean, on account of a column or of BIAS. */
  @inline add(column: i32, v: f64): void {
    rowMean += v;
    if (explaining) {
      const term = terms + 8 * among(column, BIAS, columns);
      store<f64>(term, load<f64>(term) + v);
    }
  }
}

/**
 * 16 rows. Those past the frame's last row hold anything, and what is answered
 * for them means nothing. Columns and answers are addresses of 16 values; a column
 * of the context holds 16 times its value.
 */
@unmanaged export class Block {
  // For this file only.
  columns: usize = 0; // where the block's columns are
  means: usize = 0; // where the first head's means go
  lane: usize = 0; // bytes from one head's answers to the next one's

  /** 16 f32 of a dense column; NaN is missing. */
  @inline dense(column: i32): usize {
    if (column < firstDense) return copies + COLUMN * among(column, 0, contextDenses);
    return this.columns + COLUMN * among(column, firstDense, firstID);
  }

  /** 16 u32 of a categorical column; 0 is missing. */
  @inline id(column: i32): usize {
    if (column < firstDense) return copies + COLUMN * (contextDenses + among(column, contextDenses, firstDense));
    return this.columns + COLUMN * (dense + among(column, firstID, columns));
  }

  /** Where the 16 f64 of a head's means go. */
  @inline mean(head: i32): usize { return this.means + this.lane * among(head, 0, heads); }

  /** Where the 16 f64 of a head's variances go. */
  @inline variance(head: i32): usize {
    return this.means + this.lane * (heads + among(head, 0, variance * heads));
  }
}

// The rest is no concern of the author's.

const dense: i32 = isDefined(model.DENSE) ? model.DENSE : 0;
const categorical: i32 = isDefined(model.CATEGORICAL) ? model.CATEGORICAL : 0;
const contextDenses: i32 = isDefined(model.CONTEXT_DENSE) ? model.CONTEXT_DENSE : 0;
const contextCategorical: i32 = isDefined(model.CONTEXT_CATEGORICAL) ? model.CONTEXT_CATEGORICAL : 0;
const heads: i32 = isDefined(model.HEADS) ? model.HEADS : 1;
const variance: i32 = isDefined(model.VARIANCE) ? model.VARIANCE : 0;

// Numbers of the first columns of a kind, and of all.
const firstDense: i32 = contextDenses + contextCategorical;
const firstID: i32 = firstDense + dense;
const columns: i32 = firstID + categorical;

const COLUMN: i32 = 64; // bytes of a column of a block

// Places in a frame.
const atContext: i32 = 64;
const atContextID: i32 = (atContext + 4 * contextDenses + 15) & ~15;
const atBlocks: i32 = (atContextID + 4 * contextCategorical + 15) & ~15;

const MAX_ROWS: u32 = 10240;
const OK: u32 = 0;
const BAD_FRAME: u32 = 1;

let frame: usize = 0; // where the host puts it
let room: usize = 0; // for how much

// The row that is being scored: a Row has no place of its own.
let rowHead: i32 = 0;
let rowMean: f64 = 0;
let rowVariance: f64 = 0;
let rowAt: usize = 0; // its place in the first column of its block
let explaining: bool = false;

const theBlock = changetype<Block>(memory.data(offsetof<Block>(), 8));
const terms = memory.data(8 * (1 + columns), 8);
const copies = memory.data(COLUMN * (1 + firstDense), 16); // of the context

@inline function among(i: i32, first: i32, end: i32): i32 {
  if (i < first || i >= end) unreachable();
  return i - first;
}

@inline function contextDense(column: i32): f32 {
  return load<f32>(frame + 4 * among(column, 0, contextDenses), atContext);
}

@inline function contextID(column: i32): u32 {
  return load<u32>(frame + 4 * among(column, contextDenses, firstDense), atContextID);
}

@inline function rows(): u32 { return load<u32>(frame, 8); }

/** Tells whether the host wrote a frame of our shape where it was told to. */
function knows(at: usize): bool {
  return at == frame && room > 0 && load<u32>(at) == 0x465341 /* "ASF", version 0 */ && rows() <= MAX_ROWS &&
    load<i32>(at, 12) == contextDenses && load<i32>(at, 16) == contextCategorical && load<i32>(at, 20) == dense &&
    load<i32>(at, 24) == categorical && load<i32>(at, 28) == heads && load<i32>(at, 32) == variance;
}

export function aisle_alloc(size: usize): usize {
  if (size > room) {
    frame = room > 0 ? heap.realloc(frame, size) : heap.alloc(size);
    room = size;
  }
  return frame;
}

export function aisle_score(at: usize): u32 {
  if (!knows(at)) return BAD_FRAME;
  if (isDefined(model.block)) copyContext();
  const blocks = (rows() + 15) / 16;
  theBlock.columns = at + atBlocks;
  theBlock.means = at + load<u32>(at, 52);
  theBlock.lane = 8 * 16 * blocks;
  for (let i: u32 = 0; i < blocks; i++) {
    if (isDefined(model.block)) {
      model.block(theBlock);
    } else {
      scoreRows(min(rows() - 16 * i, 16));
    }
    theBlock.columns += COLUMN * (dense + categorical);
    theBlock.means += 8 * 16;
  }
  return OK;
}

function copyContext(): void {
  for (let c = 0; c < firstDense; c++) {
    const from = frame + (c < contextDenses ? atContext + 4 * c : atContextID + 4 * (c - contextDenses));
    for (let i = 0; i < 16; i++) store<u32>(copies + COLUMN * c + 4 * i, load<u32>(from));
  }
}

@inline function scoreRow(at: usize, head: i32): void {
  rowAt = at;
  rowHead = head;
  rowMean = 0;
  rowVariance = 0;
  model.row(changetype<Row>(0));
}

@inline function scoreRows(n: i32): void {
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < n; i++) {
      scoreRow(theBlock.columns + 4 * i, head);
      store<f64>(theBlock.mean(head) + 8 * i, rowMean);
      if (variance) store<f64>(theBlock.variance(head) + 8 * i, rowVariance);
    }
  }
}

export function aisle_explain(at: usize, row: u32, head: u32): usize {
  if (!knows(at) || row >= rows() || head >= <u32>heads) return 0;
  memory.fill(terms, 0, 8 * (1 + columns));
  const block = at + atBlocks + row / 16 * COLUMN * (dense + categorical);
  explaining = true;
  scoreRow(block + 4 * (row % 16), head);
  explaining = false;
  return terms;
}
