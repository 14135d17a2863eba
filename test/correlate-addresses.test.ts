/** Addresses: their keys, ranges of them, and what correlation knows of those that sessions and calls came from. */
import { isIPv4, isIPv6 } from 'node:net';
import { expect, test } from 'vitest';
import { correlated, event, webIdentity } from './staged-rows.ts';

const V4 = '00000000000000000000ffff';

test('an address has one key in all its spellings, and other text none', async () => {
  const db = await correlated([]);
  const keys: readonly (readonly [string, string | null])[] = [
    ['192.0.2.7', `${V4}c0000207`], ['::ffff:192.0.2.7', `${V4}c0000207`], ['::FFFF:C000:207', `${V4}c0000207`], ['0.0.0.0', `${V4}00000000`],
    ['2001:db8::1', '20010db8000000000000000000000001'], ['2001:0DB8:0:0:0:0:0:1', '20010db8000000000000000000000001'],
    ['::', '0'.repeat(32)], ['1::', `0001${'0'.repeat(28)}`], ['::1', `${'0'.repeat(31)}1`],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'], ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['ecs-tasks.amazonaws.com', null], ['AWS Internal', null], ['', null], ['192.0.2.256', null], ['192.0.2', null], ['1.2.3.4.5', null], ['01.2.3.4', null],
    ['1:2:3:4:5:6:7', null], ['1:2:3:4:5:6:7:8:9', null], ['1::2::3', null], [':::', null], [':1::2', null], ['12345::', null], ['1:2:3:4:5:6:7::8', null],
    ["'; drop table cor_addresses", null], ['192.0.2.7\n', null],
  ];
  try {
    for (const [text, key] of keys) {
      expect((await db.get<{ key: string | null }>('select address_key($text) as key', { text }))?.key, text).toBe(key);
      // The same judgement as Node's own parser.
      expect(isIPv4(text) || isIPv6(text), text).toBe(key !== null);
    }
  } finally {
    db.close();
  }
});

test('a range begins and ends where its prefix says', async () => {
  const db = await correlated([]);
  const ranges: readonly (readonly [string, string, string])[] = [
    ['198.51.100.0/24', `${V4}c6336400`, `${V4}c63364ff`], ['198.51.100.77/26', `${V4}c6336440`, `${V4}c633647f`], ['192.0.2.7/32', `${V4}c0000207`, `${V4}c0000207`],
    ['0.0.0.0/0', `${V4}00000000`, `${V4}ffffffff`], ['2001:db8:1::/48', `20010db80001${'0'.repeat(20)}`, `20010db80001${'f'.repeat(20)}`],
    ['fc00::/7', `fc${'0'.repeat(30)}`, `fd${'f'.repeat(30)}`], ['::1/128', `${'0'.repeat(31)}1`, `${'0'.repeat(31)}1`],
  ];
  try {
    for (const [text, first, last] of ranges) {
      expect(await db.get(`with range as (select address_key(split_part($text, '/', 1)) as key, range_bits($text) as bits)
        select range_end(key, bits, false) as first, range_end(key, bits, true) as last from range`, { text }), text).toEqual({ first, last });
    }
  } finally {
    db.close();
  }
});

test('known egress, private addresses and services are told apart; what services did for a caller is not its own', async () => {
  const db = await correlated([
    ...webIdentity('ASIAADDRESSES0000001', '2026-01-15T09:00:00Z', { source_ip: '198.51.100.7', user_agent: 'aws-cli/2.33.2 md/command#ecs.run-task' }),
    event('e1', '2026-01-15T09:10:00Z', 'ASIAADDRESSES0000001', { source_ip: '203.0.113.9', user_agent: 'aws-cli/2.33.3' }),
    event('e2', '2026-01-15T09:05:00Z', 'ASIAADDRESSES0000001', { source_ip: '203.0.113.9', user_agent: 'aws-cli/2.33.2' }),
    event('e3', '2026-01-15T09:06:00Z', 'ASIAADDRESSES0000001', { source_ip: '10.0.3.4', user_agent: null }),
    event('e4', '2026-01-15T09:07:00Z', 'ASIAADDRESSES0000001', { source_ip: 'athena.amazonaws.com', invoked_by: 'athena.amazonaws.com' }),
    event('e5', '2026-01-15T09:08:00Z', 'ASIAADDRESSES0000001', { source_ip: 'AWS Internal' }),
  ], { network: { egress_ranges: ['198.51.100.0/24'] } });
  try {
    expect(await db.all('select address, is_known_egress, is_aws_service, is_private from cor_addresses order by address')).toEqual([
      { address: '10.0.3.4', is_known_egress: false, is_aws_service: false, is_private: true },
      { address: '198.51.100.7', is_known_egress: true, is_aws_service: false, is_private: false },
      { address: '203.0.113.9', is_known_egress: false, is_aws_service: false, is_private: false },
    ]);
    expect(await db.all('select source_ip, agent_family, first_used_at, calls from cor_caller_addresses order by source_ip')).toEqual([
      { source_ip: '10.0.3.4', agent_family: '', first_used_at: '2026-01-15T09:06:00Z', calls: 1 },
      { source_ip: '198.51.100.7', agent_family: 'aws-cli', first_used_at: '2026-01-15T09:00:00Z', calls: 1 },
      { source_ip: '203.0.113.9', agent_family: 'aws-cli', first_used_at: '2026-01-15T09:05:00Z', calls: 2 },
    ]);
  } finally {
    db.close();
  }
});
