import { expect, test } from 'vitest';
import { scrubber } from './secrets.ts';

const scrub = scrubber({ AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY', PATH: '/usr/bin:/bin', SHORT_TOKEN: 'abc' }, ['https://ping.example.com/0c1d-2e3f']);

test.each<[string, string, string]>([
  ['a value of the environment', 'could not sign with wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY!', 'could not sign with [hidden]!'],
  ['a value told', 'POST https://ping.example.com/0c1d-2e3f failed', 'POST [hidden] failed'],
  ['a bearer token', 'Authorization: Bearer abc.def-ghi, next', 'Authorization: [hidden] [hidden], next'],
  ['an AWS signature', 'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/x, SignedHeaders=host, Signature=0a1b2c', 'AWS4-HMAC-SHA256 [hidden]'],
  ['a JWT', 'got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl back', 'got [hidden] back'],
  ['a query', 'GET https://graph.example.com/beta/x?$skiptoken=RFNwdAIAAQ&a=1 gave 500', 'GET https://graph.example.com/beta/x?[hidden] gave 500'],
  ['a skip token alone', '$skiptoken=RFNwdAIAAQ is no longer valid', '$skiptoken=[hidden] is no longer valid'],
  ['a user in a URL', 'https://me:pw@example.com/x', 'https://[hidden]@example.com/x'],
  ['JSON', '{"client_secret": "s3cr3t value","nextToken":"abc","name":"x"}', '{"client_secret": [hidden],"nextToken":[hidden],"name":"x"}'],
  ['a form', 'grant_type=x&client_secret=abc%20d&scope=y', 'grant_type=x&client_secret=[hidden]&scope=y'],
  ['an external id', 'ExternalId=corp-42 was refused', 'ExternalId=[hidden] was refused'],
  ['a long run of base64', `token is ${'Ab1+'.repeat(40)} .`, 'token is [hidden] .'],
])('%s', (_name, text, expected) => {
  expect(scrub(text)).toBe(expected);
});

test.each([
  'The security token included in the request is expired',
  'access denied: grant logs:FilterLogEvents on arn:aws:logs:eu-central-1:111122223333:log-group:/whoran/ecs-events:*',
  'the disk is full: ENOSPC: no space left on device, write',
  'gave up after 5 attempts in 900 s: HTTP 429 (abc is short, /usr/bin stays)',
])('plain words stay: %s', (text) => {
  expect(scrub(text)).toBe(text);
});
