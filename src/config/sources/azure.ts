/**
 * What the sources that speak to Microsoft's clouds share.
 */
import { z } from 'zod';
import { SIGN_IN_KINDS } from '../sign-in-kinds.ts';

export const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a GUID').transform((id) => id.toLowerCase());
export const signInKinds = z.array(z.enum(SIGN_IN_KINDS)).min(1).default([...SIGN_IN_KINDS]);

/** National clouds, by the names that Azure's own tools use. */
export const azureFields = {
  cloud: z.enum(['AzureCloud', 'AzureUSGovernment', 'AzureUSGovernmentDoD', 'AzureChinaCloud']).default('AzureCloud'),
  /** The app that reads, where the platform's default chain needs to be told. */
  client_id: guid.optional(),
  /** In place of the cloud's own host: a stand-in for tests. https only. */
  endpoint: z.url({ protocol: /^https$/ }).optional(),
};
