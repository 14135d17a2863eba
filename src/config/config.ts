/**
 * The configuration file's schema, once: types, checks and defaults come from it.
 *
 * Only what attribution needs so far; sources, detections and channels hand in their own parts.
 */
import { z } from 'zod';
import { detectionsConfigSchema } from './detections.ts';

const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a GUID').transform((id) => id.toLowerCase());

/** The four kinds of Entra sign-in rows, as Graph's `signInEventTypes` has them, in snake case. */
export const SIGN_IN_KINDS = ['interactive_user', 'non_interactive_user', 'service_principal', 'managed_identity'] as const;
export type SignInKind = (typeof SIGN_IN_KINDS)[number];

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
  /** Which detections run, and with what values (docs/adding-a-detection.md). */
  detections: detectionsConfigSchema,
});

/** What users write. */
export type ConfigSpec = z.input<typeof configSchema>;
/** What the program reads: every default filled in. */
export type Config = z.output<typeof configSchema>;
