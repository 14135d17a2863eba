import { expect, test } from 'vitest';
import { withoutTokens } from './_content.ts';

const content = (body: string, ...names: string[]): string => withoutTokens(Buffer.from(body), names).toString();

test('the value of a page token is left out, before the list or after it', () => {
  expect(content('{"Events":[{"a":1}],"NextToken":"abc\\"d"}', 'NextToken')).toBe('{"Events":[{"a":1}],"NextToken":}');
  expect(content('{"@odata.nextLink": "https://x/?$skiptoken=1","value":[1]}', '@odata.nextLink')).toBe('{"@odata.nextLink": ,"value":[1]}');
  expect(content('{"events":[],"nextToken":"x","searchedLogStreams":[]}', 'nextToken', 'other')).toBe('{"events":[],"nextToken":,"searchedLogStreams":[]}');
});

test('what is no token stays: other types, escaped text within a record, no token at all', () => {
  for (const body of ['{"NextToken":null}', '{"CloudTrailEvent":"{\\"NextToken\\":\\"mine\\"}"}', '{"Events":[]}', '', '{"NextToken":']) expect(content(body, 'NextToken')).toBe(body);
});

test('pages that differ in a record differ', () => {
  expect(content('{"Events":[1],"NextToken":"a"}', 'NextToken')).not.toBe(content('{"Events":[2],"NextToken":"a"}', 'NextToken'));
});
