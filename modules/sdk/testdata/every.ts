// Every column, two heads and variances.
import { Row, Block, BIAS, LANES } from "./aisle";

export const CONTEXT_DENSE = 2;
export const CONTEXT_CATEGORICAL = 2;
export const DENSE = 3;
export const CATEGORICAL = 2;
export const HEADS = 2;
export const VARIANCE = 1;

export function row(r: Row): void {
  const h: f64 = r.head;
  r.add(BIAS, 1 + h);
  r.add(0, r.or(0, 0.25) * 2);
  r.add(1, r.or(1, -1));
  r.add(2, <f64>(r.id(2) % 8) * 0.5);
  r.add(3, r.id(3) % 4);
  r.add(4, (h + 1) * r.or(4, 0.5));
  r.add(5, 0.125 * r.or(5, 0));
  r.add(6, r.or(6, 1) * r.or(0, 0.25));
  r.add(7, <f64>(r.id(7) % 16) * 0.25);
  if (r.id(8) == 0) r.add(8, -3);
  r.variance = 0.5 + h + r.or(4, 0.5) * r.or(4, 0.5);
}

// block {
function or(x: f32, other: f64): f64 { return x == x ? <f64>x : other; }

export function block(b: Block): void {
  for (let head = 0; head < HEADS; head++) {
    const h: f64 = head;
    for (let i = 0; i < LANES; i++) {
      const x = or(load<f32>(b.dense(4) + 4 * i), 0.5);
      let m: f64 = 1 + h;
      m += or(load<f32>(b.dense(0)), 0.25) * 2;
      m += or(load<f32>(b.dense(1) + 4 * i), -1);
      m += <f64>(load<u32>(b.id(2) + 4 * i) % 8) * 0.5;
      m += <f64>(load<u32>(b.id(3) + 60) % 4);
      m += (h + 1) * x;
      m += 0.125 * or(load<f32>(b.dense(5) + 4 * i), 0);
      m += or(load<f32>(b.dense(6) + 4 * i), 1) * or(load<f32>(b.dense(0)), 0.25);
      m += <f64>(load<u32>(b.id(7) + 4 * i) % 16) * 0.25;
      if (load<u32>(b.id(8) + 4 * i) == 0) m -= 3;
      store<f64>(b.mean(head) + 8 * i, m);
      store<f64>(b.variance(head) + 8 * i, 0.5 + h + x * x);
    }
  }
}
// block }
