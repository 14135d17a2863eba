/**
 * From a table's rows to its picture. Counting is the query's: here rows are only read.
 */
import { UTC } from '../../core/time-zone.ts';
import { cellText } from '../cell-text.ts';
import type { Cell, Chart, Row, Table } from '../document.ts';
import { chainOfCounts } from './chain.ts';
import { distributionHtml } from './distribution.ts';
import { LANE_STATES, overTimeHtml, type LaneState } from './over-time.ts';

/** No figure shows more rows than this; queries bin so that they stay below. */
const MOST_ROWS = 400;

async function rowsOf(table: Table): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of table.rows()) {
    if (rows.length === MOST_ROWS) throw new Error(`chart of ${table.id}: more than ${MOST_ROWS} rows: the query has to count in larger steps`);
    rows.push(row);
  }
  return rows;
}

const text = (cell: Cell | undefined): string => cellText(cell ?? null);
const count = (cell: Cell | undefined): number => (typeof cell === 'number' ? cell : 0);

function laneState(cell: Cell | undefined, table: Table): LaneState {
  const state = LANE_STATES.find((known) => known === cell);
  if (state === undefined) throw new Error(`chart of ${table.id}: a lane holds ${JSON.stringify(cell)}, expected one of ${LANE_STATES.join(', ')}`);
  return state;
}

/** The figure of a chart. @throws where the table lacks a column that the chart names, or has too many rows */
export async function chartHtml({ id, kind, unit, series, lanes }: Chart, table: Table, timeZone: string = UTC): Promise<string> {
  const titleOf = (name: string): string => {
    const column = table.columns.find((one) => one.name === name);
    if (!column) throw new Error(`chart ${id}: ${table.id} has no column ${name}`);
    return column.title;
  };
  const rows = await rowsOf(table);
  const countsOf = (row: Row): number[] => series.map((name) => count(row[name]));
  switch (kind) {
    case 'over_time':
      return overTimeHtml({
        id,
        title: table.title,
        unit,
        timeZone,
        step: text(rows[0]?.['time_step']),
        series: series.map(titleOf),
        lanes: lanes.map(titleOf),
        bins: rows.map((row) => ({ from: text(row['from_at']), to: text(row['to_at']), counts: countsOf(row), lanes: lanes.map((name) => laneState(row[name], table)) })),
      });
    case 'distribution':
      return distributionHtml({ id, title: table.title, unit, series: series.map(titleOf), classes: rows.map((row) => ({ label: text(row['label']), counts: countsOf(row) })) });
    case 'chain':
      return chainOfCounts(
        { id, title: table.title },
        rows.map((row) => ({
          hop: text(row['hop']),
          things: count(row['things']),
          who:
            typeof row['proved'] === 'number'
              ? { proved: row['proved'], asserted: count(row['asserted']), inferred: count(row['inferred']), nobody: count(row['nobody']), not_yet_due: count(row['not_yet_due']) }
              : null,
        })),
      );
  }
}
