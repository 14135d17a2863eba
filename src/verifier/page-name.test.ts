import { expect, test } from 'vitest';
import { isPageOf } from './page-name.ts';

const GROUP = '2c11d1ff-cf65-48d0-aebf-bd8f2bdad5f4';
const ID = `groups/${GROUP}/transitiveMembers page 2 snapshot 2026-01-14T12:00:00Z`;

test.each([
  `beta/groups/${GROUP}/transitiveMembers?$select=id&$top=999 page 2 snapshot 2026-01-14T12:00:00Z`,
  `/logs/tenant_x/groups_${GROUP.toUpperCase()}_transitiveMembers page 2 snapshot 2026-01-14T12-00-00Z.json`,
])('%s is the page', (origin) => {
  expect(isPageOf(ID, { origin })).toBe(true);
});

test.each([
  ['another group', `beta/groups/3c11d1ff-cf65-48d0-aebf-bd8f2bdad5f4/transitiveMembers page 2 snapshot 2026-01-14T12:00:00Z`],
  ['another page', `beta/groups/${GROUP}/transitiveMembers page 1 snapshot 2026-01-14T12:00:00Z`],
  ['no page, so the first', `beta/groups/${GROUP}/transitiveMembers snapshot 2026-01-14T12:00:00Z`],
  ['another time', `beta/groups/${GROUP}/transitiveMembers page 2 snapshot 2026-01-15T12:00:00Z`],
  ['no time, and landed later', `beta/groups/${GROUP}/transitiveMembers page 2`],
  ['no name', undefined],
])('%s is another', (_, origin) => {
  expect(isPageOf(ID, { origin, landed_at: '2026-01-16T00:00:00.000Z' })).toBe(false);
});

test('a page without a time is of when it landed, and an id of another kind is none', () => {
  const line = { origin: `groups/${GROUP}/transitiveMembers`, landed_at: '2026-01-16T00:00:00.123Z' };
  expect(isPageOf(`groups/${GROUP}/transitiveMembers page 1 snapshot 2026-01-16T00:00:00Z`, line)).toBe(true);
  expect(isPageOf(`groups/${GROUP}/transitiveMembers page 1`, line)).toBe(true);
  expect(isPageOf(GROUP, line)).toBe(false);
});
