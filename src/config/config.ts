/**
 * The configuration file's schema, once: types, checks, defaults, the editor's JSON schema, the file that `init` writes and the
 * reference page come from it. Every key has a `.describe(…)`, and an example where it has no default.
 * Sources and detections hand in their own parts.
 */
import { z } from 'zod';
import { alertsConfigSchema } from './alerts.ts';
import { detectionsConfigSchema } from './detections.ts';
import { evidenceConfigSchema } from './evidence.ts';
import { reportsConfigSchema } from './reports.ts';
import { retentionConfigSchema } from './retention.ts';
import { runConfigSchema } from './run.ts';
import { SIGN_IN_KINDS } from './sign-in-kinds.ts';
import { guid } from './sources/azure.ts';
import { accountId, cidr, region, roleArn } from './sources/common.ts';
import { sourceSchema } from './sources/index.ts';

const EXAMPLE_APP = '33333333-3333-4333-8333-333333333333';

/** What two sources of one id are told, by the schema and by `load.ts` alike. */
export const DUPLICATE_ID = 'expected an id of its own for each source';

export const configSchema = z.strictObject({
  tenants: z
    .array(
      z.strictObject({
        id: guid.meta({ description: "The tenant's id.", examples: ['11111111-1111-4111-8111-111111111111'] }),
        name: z.string().optional().meta({ description: 'For people who read this file.', examples: ['Example'] }),
      }),
    )
    .default([])
    .describe('Entra tenants that are ours. With none, a tenant is ours once a sign-in of it landed.'),
  audiences: z
    .record(z.string(), guid)
    .default({})
    .meta({ description: 'Audiences that are not an application id, and the application id each stands for.', examples: [{ 'api://jobs': EXAMPLE_APP }] }),
  saml_apps: z
    .record(z.string(), guid)
    .default({})
    .meta({
      description: "SAML apps: the IAM SAML provider's ARN, and the Entra application id behind it.",
      examples: [{ 'arn:aws:iam::111122223333:saml-provider/Entra': EXAMPLE_APP }],
    }),
  enrol: z
    .strictObject({
      audiences: z
        .array(z.string().min(1))
        .default([])
        .meta({
          description: "Audiences whose ID tokens `identities enrol` takes, beside the application ids in `audiences` and those of the tenants' landed sessions.",
          examples: [[EXAMPLE_APP]],
        }),
    })
    .prefault({})
    .describe('What `whoran identities enrol` takes.'),
  attribution: z
    .strictObject({
      tags: z
        .strictObject({
          oid: z.string().default('EntraOid').describe("The tag that holds the user's object id: it names the identity."),
          uti: z.string().default('EntraUti').describe("The tag that holds the token's id: it names the sign-in."),
          correlation_id: z
            .string()
            .default('EntraCorrelationId')
            .describe("The tag that holds the sign-in's correlation id: it chooses among the identity's own sign-ins."),
        })
        .prefault({})
        .describe("Principal tags that Entra's claims set, compared without case (docs/exact-join.md)."),
      session_names: z
        .array(z.string())
        .default(['{oid}.{uti}', '{upn}'])
        .describe('Role session name patterns. `{oid}.{uti}`, `{oid}` and `{upn}` are known; any other text stands for itself.'),
      token_lifetime_minutes: z
        .int()
        .positive()
        .default(90)
        .describe("How long an Entra token can live, compared with the sign-in's own creation time."),
      managed_identity_lifetime_minutes: z.int().positive().default(1440).describe("How long a managed identity's cached token can live."),
      settle_minutes: z.int().nonnegative().default(120).describe('How long after a session its sign-in may still be delivered.'),
      unused_sign_in_kinds: z
        .array(z.enum(SIGN_IN_KINDS))
        .default([])
        .meta({ description: 'Sign-in kinds that a tenant does not use, so that their absence is no gap.', examples: [['managed_identity']] }),
    })
    .prefault({})
    .describe('From a session to an identity and a sign-in.'),
  sources: z
    .array(sourceSchema)
    .default([])
    .superRefine((sources, context) => {
      for (const [index, { id }] of sources.entries()) {
        if (sources.findIndex((other) => other.id === id) < index) {
          context.addIssue({ code: 'custom', path: [index, 'id'], message: DUPLICATE_ID });
        }
      }
    })
    .describe('What `run` and `ingest --source` pull. Each `id` once.'),
  expected: z
    .strictObject({
      accounts: z.array(accountId).default([]).meta({ description: 'Account ids, in quotes.', examples: [['111122223333']] }),
      regions: z.array(region).default([]).meta({ description: 'Regions.', examples: [['eu-central-1', 'us-east-1']] }),
      clusters: z.array(z.string().min(1)).default([]).meta({ description: 'Names of ECS clusters.', examples: [['prod']] }),
    })
    .prefault({})
    .describe('What must be heard of: an account, region or cluster that delivers nothing is a gap, stated.'),
  network: z
    .strictObject({
      egress_ranges: z
        .array(cidr)
        .default([])
        .meta({ description: 'Addresses that our people and jobs come from (offices, VPN, NAT gateways), as CIDR: moves among them mean nothing.', examples: [['198.51.100.0/24', '2001:db8:1::/48']] }),
    })
    .prefault({})
    .describe('What is known of our own network.'),
  access: z
    .strictObject({
      role_groups: z
        .array(
          z.strictObject({
            role: roleArn.meta({ description: "The role's ARN. A `*` at its end stands for any text.", examples: ['arn:aws:iam::111122223333:role/deployer'] }),
            groups: z.array(guid).min(1).meta({ description: 'Object ids of the Entra groups whose members may hold it.', examples: [['44444444-4444-4444-8444-444444444444']] }),
          }),
        )
        .default([])
        .describe('Who may hold a role, by group: for the detection role_outside_group_mapping. It needs snapshots of these groups (`snapshot_hours` of an entra-graph source, or dated files). A role that is named several times may be held by members of any group named for it.'),
    })
    .prefault({})
    .describe('Who is meant to have what.'),
  detections: detectionsConfigSchema,
  alerts: alertsConfigSchema,
  evidence: evidenceConfigSchema,
  reports: reportsConfigSchema,
  run: runConfigSchema,
  retention: retentionConfigSchema,
});

export { SIGN_IN_KINDS, type SignInKind } from './sign-in-kinds.ts';

/** What users write. */
export type ConfigSpec = z.input<typeof configSchema>;
/** What the program reads: every default filled in. */
export type Config = z.output<typeof configSchema>;
