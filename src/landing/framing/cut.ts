/** Cuts: where each record of a delivered file lies, before its bytes are read. Each cut becomes exactly one result. */
import type { RecordList } from './json-scan.ts';

/** A whole JSON value. */
export interface JsonCut {
  readonly kind: 'json';
  readonly start: number;
  readonly end: number;
  /** The list it stands in; undefined for lines, whole documents and bare arrays. */
  readonly list: RecordList | undefined;
  /** Where the object begins that holds the list; undefined where there is no list. */
  readonly page: number | undefined;
  /** Members of its objects taken together, and its nesting, as the scan counted them. */
  readonly members: number;
  readonly depth: number;
}

/** A row under column names: of a CSV file, or of a `tables` answer. */
export interface RowCut {
  readonly kind: 'row';
  readonly start: number;
  readonly end: number;
  /** `csv`: the bytes are fields between commas; `array`: a JSON array. */
  readonly syntax: 'csv' | 'array';
  readonly columns: readonly string[];
  /** Separator of a CSV row, as a byte. */
  readonly separator: number;
}

/**
 * What should have been a record and can't be cut whole.
 *
 * `cut_off`: its end is missing. `line_break`: a string in it breaks at a raw line end. `not_json`: text that is no JSON.
 * `not_object`: a list element that is no object. `list_cut_off`: the file ends before the list's closing bracket.
 * `bad_table`: a Log Analytics table without columns or rows. `bad_row`: a CSV row whose quotes do not close.
 */
export interface BrokenCut {
  readonly kind: 'broken';
  readonly start: number;
  readonly end: number;
  readonly fault: 'cut_off' | 'line_break' | 'not_json' | 'not_object' | 'list_cut_off' | 'bad_table' | 'bad_row';
}

export type Cut = JsonCut | RowCut | BrokenCut;
