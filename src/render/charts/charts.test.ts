import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageTags } from '../../../test/html-structure.ts';
import { reportOf, tableOfRows } from '../../../test/report-sample.ts';
import type { Chart, Column, Row } from '../document.ts';
import { htmlReport } from '../html.ts';
import { chainOfCounts, chainOfRecords } from './chain.ts';
import { chartHtml } from './chart.ts';
import { distributionHtml } from './distribution.ts';
import { roundSteps } from './marks.ts';
import { overTimeHtml, type LaneState, type OverTime, type TimeBin } from './over-time.ts';

const bin = (day: number, counts: readonly number[], ...lanes: LaneState[]): TimeBin => ({
  from: new Date(Date.UTC(2026, 0, day)).toISOString().replace('.000Z', 'Z'),
  to: new Date(Date.UTC(2026, 0, day + 1)).toISOString().replace('.000Z', 'Z'),
  counts,
  lanes,
});
const over = (bins: readonly TimeBin[], more: Partial<OverTime> = {}): string =>
  overTimeHtml({ id: 'coverage', title: 'Coverage', unit: 'tasks', step: 'day', series: ['Traced', 'Not traced'], lanes: ['CloudTrail'], bins, ...more });

/** Rectangles of a style, each with its place and size. */
function rects(html: string, style: string): { x: number; y: number; width: number; height: number }[] {
  return pageTags(html)
    .tags.filter(({ name, attributes }) => name === 'rect' && attributes['class'] === style)
    .map(({ attributes }) => ({ x: Number(attributes['x']), y: Number(attributes['y']), width: Number(attributes['width']), height: Number(attributes['height']) }))
    .filter(({ width, height }) => width !== 14 || height !== 14); // the legend's
}

describe('counts over time', () => {
  test('are bars as high as their counts, one upon the other', () => {
    const html = over([bin(12, [30, 10], 'records'), bin(13, [15, 0], 'records')]);
    const traced = rects(html, 'part solid');
    const rest = rects(html, 'part stripes');
    expect(traced).toHaveLength(2);
    expect(rest).toHaveLength(1);
    expect(traced[0]!.height / traced[1]!.height).toBeCloseTo(2, 1);
    expect(traced[0]!.height / rest[0]!.height).toBeCloseTo(3, 1);
    expect(rest[0]!.y + rest[0]!.height).toBeCloseTo(traced[0]!.y, 1);
    expect(rects(html, 'ground')).toEqual([]);
  });

  test.each<[string, TimeBin, number]>([
    ['a source that is not landed', bin(12, [5, 0], 'not landed'), 1],
    ['a source that is landed in part', bin(12, [5, 0], 'in part'), 1],
    ['nothing, and no record that says so', bin(12, [0, 0], 'no record'), 1],
    ['nothing, between records', bin(12, [0, 0], 'records'), 0],
    ['a quiet source, and a bar from another', bin(12, [5, 0], 'no record'), 0],
  ])('with %s stand on hatched ground or not', (_, one, hatched) => {
    const html = over([one, bin(13, [1, 0], 'records')]);
    expect(rects(html, 'ground')).toHaveLength(hatched);
    expect(html.includes('the bar may be too low')).toBe(hatched === 1);
  });

  test('of which nothing landed say so, and not that there was nothing', () => {
    expect(pageTags(over([bin(12, [0, 0], 'not landed'), bin(13, [0, 0], 'not landed')])).text).toContain('Nothing landed for this period');
    expect(pageTags(over([bin(12, [0, 0], 'records')])).text).toContain('None in this period.');
    expect(over([])).toContain('the period is empty');
  });

  test.each([1, 24, 30, 58, 120])('of %i bars stay in the picture and do not cover each other', (days) => {
    const html = over(Array.from({ length: days }, (_, day) => bin(1 + day, [day % 7, 3], 'records')));
    const bars = rects(html, 'part stripes');
    expect(bars).toHaveLength(days);
    for (const [index, { x, y, width }] of bars.entries()) {
      expect(x + width).toBeLessThanOrEqual(bars[index + 1]?.x ?? 880);
      expect(y).toBeGreaterThanOrEqual(0);
    }
    // As many dates as can be read, and the zone.
    expect(pageTags(html).text.match(/2026-\d\d-\d\d/g)!.length).toBeLessThan(16);
    expect(pageTags(html).text).toContain('times in UTC');
  });

  test('name themselves and tell their sums to who does not see them', () => {
    const { tags, text } = pageTags(over([bin(12, [1200, 3], 'records'), bin(13, [0, 0], 'not landed')]));
    const svg = tags.find(({ name, attributes }) => name === 'svg' && attributes['role'] === 'img');
    const ids = new Set(tags.map(({ attributes }) => attributes['id']));
    for (const id of svg!.attributes['aria-labelledby']!.split(' ')) expect(ids).toContain(id);
    expect(text).toContain('tasks by day, 2 days from 2026-01-12T00:00:00Z to 2026-01-14T00:00:00Z UTC: Traced 1,200, Not traced 3. On hatched ground, since a source is not whole there: 1.');
  });
});

describe('a distribution', () => {
  test('is bars as long as their counts', () => {
    const html = distributionHtml({ id: 'age', title: 'Age', unit: 'sessions', series: ['Exact', 'Window'], classes: [{ label: 'a', counts: [40, 20] }, { label: 'b', counts: [0, 10] }, { label: 'c', counts: [0, 0] }] });
    const [first] = rects(html, 'part solid');
    const [second, third] = rects(html, 'part stripes');
    expect(first!.width / second!.width).toBeCloseTo(2, 1);
    expect(second!.width / third!.width).toBeCloseTo(2, 1);
    expect(first!.x + first!.width).toBeCloseTo(second!.x, 1);
    expect(pageTags(html).text).toContain('sessions by class: a 60; b 10; c 0.');
  });

  test('of nothing says so', () => {
    expect(distributionHtml({ id: 'age', title: 'Age', unit: 'sessions', series: ['Exact'], classes: [{ label: 'a', counts: [0] }] })).toBe('<p class="empty">No sessions to show in this period.</p>\n');
  });
});

describe('a chain', () => {
  const counts = (more: object = {}): Parameters<typeof chainOfCounts>[1][number]['who'] => ({ proved: 0, asserted: 0, inferred: 0, nobody: 0, not_yet_due: 0, ...more });

  test('of a period has a box a hop with its number, and below it how sure it is who', () => {
    const html = chainOfCounts({ id: 'chain', title: 'Chain' }, [{ hop: 'sign-in', things: 9, who: null }, { hop: 'session', things: 1234, who: counts({ proved: 1230, nobody: 4 }) }]);
    const { text } = pageTags(html);
    expect(rects(html, 'box')).toHaveLength(2);
    expect(html.match(/class="edge"/g)).toHaveLength(1);
    expect(text).toContain('1,234');
    expect(text).toContain('● 1,230 proved');
    expect(text).toContain('✕ 4 nobody named');
    expect(text).not.toContain('◐');
  });

  test('of one row has a box a record, in rows of six, and keeps long ids in the box', () => {
    const hops = ['sign_in', 'session', 'session', 'action', 'task', 'task_session', 'action', 'call'].map((hop, index) => ({
      hop, source: 'cloudtrail', record_id: `arn:aws:ecs:eu-central-1:111122223333:task/prod/${String(index).repeat(32)}`, record_at: '2026-01-13T09:00:00.123Z',
    }));
    const html = chainOfRecords({ id: 'one', title: 'One' }, hops);
    const boxes = rects(html, 'box');
    expect(boxes).toHaveLength(8);
    expect(new Set(boxes.map(({ y }) => y)).size).toBe(2);
    for (const { x, width } of boxes) expect(x + width).toBeLessThanOrEqual(880);
    expect(pageTags(html).text).toContain('2026-01-13 09:00:00Z');
    for (const [, shown = ''] of html.matchAll(/<text class="id"[^>]*>([^<]*)</g)) expect(shown.length).toBeLessThanOrEqual(18);
  });

  test('of nothing says so', () => {
    expect(chainOfCounts({ id: 'chain', title: 'Chain' }, [{ hop: 'sign-in', things: 0, who: null }])).toContain('Nothing landed that would make a chain');
    expect(chainOfRecords({ id: 'one', title: 'One' }, [])).toContain('No landed record leads here');
  });
});

describe('whatever a record holds', () => {
  const shape = (html: string): unknown[] => pageTags(html).tags.map(({ name, attributes }) => [name, Object.keys(attributes)]);
  const one = (text: string): string => chainOfRecords({ id: 'one', title: 'One' }, [{ hop: text, source: text, record_id: text, record_at: text }]);

  test('a figure has no other element or attribute for it, and nothing acts', () => {
    const harmless = shape(one('harmless'));
    fc.assert(
      fc.property(fc.constantFrom('<', '">', '</text>', '</svg><script>', '&', '\u001b[2J\u202e'), fc.string({ unit: 'binary', maxLength: 30 }), (head, tail) => {
        const html = one(head + tail);
        expect(shape(html)).toEqual(harmless);
        expect(html).not.toMatch(/[\u001b\u202e]/);
      }),
      { numRuns: 200 },
    );
  });
});

test('steps of an axis are few, whole, and reach the greatest count', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (most) => {
      const steps = roundSteps(most);
      expect(steps.every(Number.isInteger)).toBe(true);
      expect(steps.at(-1)).toBeGreaterThanOrEqual(most);
      expect(steps.length).toBeGreaterThanOrEqual(2);
      expect(steps.length).toBeLessThanOrEqual(6);
    }),
  );
});

describe('a chart of a report', () => {
  const column = (name: string, kind: Column['kind']): Column => ({ name, title: name, kind, about: '', under: null, isDetail: false, isData: false });
  const columns = [column('from_at', 'instant'), column('to_at', 'instant'), column('time_step', 'text'), column('traced', 'count'), column('cloudtrail', 'text')];
  const chart: Chart = { id: 'coverage', kind: 'over_time', query: 'rpt_rows', unit: 'tasks', series: ['traced'], lanes: ['cloudtrail'] };
  const row: Row = { from_at: '2026-01-12T00:00:00Z', to_at: '2026-01-13T00:00:00Z', time_step: 'day', traced: 7, cloudtrail: 'records' };
  const tableOf = (rows: readonly Row[]): ReturnType<typeof tableOfRows> => tableOfRows(rows, undefined, columns);

  test('stands above the table that holds the same numbers, and is the same bytes each time', async () => {
    const page = async (): Promise<string> => {
      let text = '';
      for await (const piece of htmlReport({ ...reportOf([tableOf([row])], '{{chart coverage}}'), charts: [chart] }, { rowLimit: 10, fileOf: () => '' })) text += piece;
      return text;
    };
    const text = await page();
    expect(text.indexOf('<figure class="chart">')).toBeLessThan(text.indexOf('<table>'));
    expect(text).toContain('<td class="number">7</td>');
    expect(await page()).toBe(text);
  });

  test.each<[string, Chart, readonly Row[], RegExp]>([
    ['names a column that is not there', { ...chart, series: ['nothing'] }, [row], /chart coverage: rpt_rows has no column nothing/],
    ['has a lane of other words', chart, [{ ...row, cloudtrail: 'maybe' }], /a lane holds "maybe", expected one of records/],
    ['has too many rows to draw', chart, Array.from({ length: 401 }, () => row), /more than 400 rows/],
  ])('that %s is refused', async (_, one, rows, message) => {
    await expect(chartHtml(one, tableOf(rows))).rejects.toThrow(message);
  });
});
