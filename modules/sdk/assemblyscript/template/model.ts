// What a row is worth. The columns are those of manifest.json, in its order.
import { Row, BIAS } from "./aisle";

enum Column { temperature, margin, popularity, chilled, category }

export const CONTEXT_DENSE = 1;
export const DENSE = 3;
export const CATEGORICAL = 1;

export function row(r: Row): void {
  r.add(BIAS, 0.1);
  r.add(Column.margin, 0.5 * r.or(Column.margin, 0.2));
  r.add(Column.popularity, 0.3 * r.or(Column.popularity, 0));
  r.add(Column.chilled, 0.02 * (r.or(Column.temperature, 20) - 20) * r.or(Column.chilled, 0));
  if (r.id(Column.category) == 0) r.add(Column.category, -0.25);
}
