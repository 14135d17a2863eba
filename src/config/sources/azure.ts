/**
 * What the sources that speak to Microsoft's clouds share.
 */
import { z } from 'zod';
import { SIGN_IN_KINDS } from '../sign-in-kinds.ts';

export const guid = z.string().regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'a GUID').toLowerCase();
export const signInKinds = z
  .array(z.enum(SIGN_IN_KINDS))
  .min(1)
  .default([...SIGN_IN_KINDS])
  .describe('Of the four kinds of sign-ins, those to pull.');

export const azureFields = {
  cloud: z
    .enum(['AzureCloud', 'AzureUSGovernment', 'AzureUSGovernmentDoD', 'AzureChinaCloud'])
    .default('AzureCloud')
    .describe("The national cloud, by the name that Azure's own tools use."),
  client_id: guid
    .optional()
    .meta({ description: "The app that reads, where the platform's default chain needs to be told.", examples: ['33333333-3333-4333-8333-333333333333'] }),
  endpoint: z
    .url({ protocol: /^https$/ })
    .optional()
    .meta({ description: "In place of the cloud's own host: a private endpoint, or a stand-in for tests. https only.", examples: ['https://proxy.example.com'] }),
};
