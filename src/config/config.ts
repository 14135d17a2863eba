/**
 * The configuration file's schema, once: types, checks, defaults, the editor's JSON schema and the reference page come from it.
 * Sources and detections hand in their own parts.
 */
import { z } from 'zod';
import { detectionsConfigSchema } from './detections.ts';
import { SIGN_IN_KINDS } from './sign-in-kinds.ts';
import { guid } from './sources/azure.ts';
import { accountId, region } from './sources/common.ts';
import { sourceSchema } from './sources/index.ts';

export const configSchema = z.strictObject({
  /** Entra tenants that are ours. With none, a tenant is ours once a sign-in of it landed (RULINGS 13). */
  tenants: z.array(z.strictObject({ id: guid, name: z.string().optional() })).default([]),
  /** Audiences that are not an application id, for example `api://jobs`, and the application id each stands for. */
  audiences: z.record(z.string(), guid).default({}),
  /** SAML apps: the IAM SAML provider's ARN, and the Entra application id behind it. */
  saml_apps: z.record(z.string(), guid).default({}),
  attribution: z
    .strictObject({
      /** Principal tags that Entra's claims set, compared without case (RULINGS 15). */
      tags: z
        .strictObject({
          oid: z.string().default('EntraOid'),
          uti: z.string().default('EntraUti'),
          correlation_id: z.string().default('EntraCorrelationId'),
        })
        .prefault({}),
      /** Role session name patterns. `{oid}.{uti}`, `{oid}` and `{upn}` are known; any other text stands for itself. */
      session_names: z.array(z.string()).default(['{oid}.{uti}', '{upn}']),
      /** How long an Entra token can live, compared with the sign-in's own creation time. */
      token_lifetime_minutes: z.int().positive().default(90),
      managed_identity_lifetime_minutes: z.int().positive().default(1440),
      /** How long after a session its sign-in may still be delivered. */
      settle_minutes: z.int().nonnegative().default(120),
      /** Sign-in kinds that a tenant does not use, so that their absence is no gap. */
      unused_sign_in_kinds: z.array(z.enum(SIGN_IN_KINDS)).default([]),
    })
    .prefault({}),
  /** What `run` pulls. Each `id` once. */
  sources: z
    .array(sourceSchema)
    .default([])
    .superRefine((sources, context) => {
      for (const [index, { id }] of sources.entries()) {
        if (sources.findIndex((other) => other.id === id) < index) {
          context.addIssue({ code: 'custom', path: [index, 'id'], message: 'expected an id of its own for each source' });
        }
      }
    }),
  /** What must be heard of: an account, region or cluster that delivers nothing is a gap, stated. */
  expected: z
    .strictObject({
      accounts: z.array(accountId).default([]),
      regions: z.array(region).default([]),
      /** Cluster names. */
      clusters: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  /** Which detections run, and with what values (docs/adding-a-detection.md). */
  detections: detectionsConfigSchema,
});

export { SIGN_IN_KINDS, type SignInKind } from './sign-in-kinds.ts';

/** What users write. */
export type ConfigSpec = z.input<typeof configSchema>;
/** What the program reads: every default filled in. */
export type Config = z.output<typeof configSchema>;
