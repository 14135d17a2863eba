/**
 * The typed reasons of ATTRIBUTION 4 in words: what each means, and what a person can do about it.
 */

export interface ReasonText {
  /** Goes on after "…: "; a clause, no full stop. */
  readonly means: string;
  /** Full sentences. A line that starts with `whoran` is a command to type. */
  readonly next: readonly string[];
}

/** What the words may name, so that a hint can be typed as it stands. */
export interface ReasonContext {
  readonly asOf: string | null;
  readonly tenantId: string | null;
  readonly address: string | null;
}

const INGEST = 'whoran ingest PATH';

/** The words for a reason; a reason without words of its own is given as it is. */
export function reasonText(reason: string, context: ReasonContext): ReasonText {
  const through = context.asOf === null ? '' : `, landed through ${context.asOf},`;
  const byAddress = context.address === null ? [] : [`whoran ask ${context.address}`];
  const texts: Readonly<Record<string, ReasonText>> = {
    sign_in_not_yet_due: {
      means: `the tenant's sign-ins${through} do not yet reach far enough past this session, so its sign-in may still come`,
      next: ['Ingest later sign-in logs of the tenant and ask again.', INGEST],
    },
    sign_in_absent: {
      means: `no sign-in fits, and the tenant's sign-in logs are complete past this session`,
      next: ['A session without a sign-in is a finding. Look at what else was done with it, and from where.', 'whoran findings', ...byAddress],
    },
    sign_in_too_old: {
      means: 'the latest sign-in that fits is older than a token can live',
      next: ['The token was used past its lifetime, or its own sign-in is not landed.', 'whoran findings'],
    },
    source_gap: {
      means: "the tenant's sign-in logs have a gap here: a kind that is needed never landed, or starts later",
      next: ['See which kinds are landed and from when, then ingest what is missing.', 'whoran status', INGEST],
    },
    tenant_not_ingested: {
      means: `the token is of tenant ${context.tenantId ?? '?'}, which is not one of ours`,
      next: ['If the tenant is yours, name it in whoran.yaml under tenants, ingest its sign-ins, and correlate.', 'whoran correlate --all'],
    },
    subject_unmapped: {
      means: "the token's subject is pairwise, and no tag, registry entry or session name says whose it is",
      next: ['Map the subject once and every session of theirs is named.', 'whoran identities unmapped', 'whoran identities import FILE', ...byAddress],
    },
    ambiguous_sign_in: {
      means: 'several sign-ins fit, and none is picked',
      next: ['The candidates are listed. A signed tag or a token id in the session name would tell them apart.'],
    },
    session_origin_missing: {
      means: 'the key is used, and no landed record issues it',
      next: [
        'STS calls are logged as read-only: check that the trail records read-only management events, and that the issuing account and Region are landed.',
        INGEST,
      ],
    },
    launcher_missing: {
      means: 'no landed record starts the task',
      next: ['Ingest the CloudTrail logs of the account and Region around its start.', INGEST],
    },
    configurer_missing: {
      means: 'AWS started it on a standing order, and no landed record says who configured that',
      next: ['Ingest CloudTrail from when the service, schedule, rule, state machine or queue was last configured.', INGEST],
    },
    long_lived_key: {
      means: 'the call was made with a long-lived key of an IAM user, so there is no sign-in to find',
      next: ['Who holds the key is known to whoever issued it. See what else it did, and from where.', ...byAddress],
    },
    iam_user: { means: 'an IAM user made it, with a temporary key, so there is no Entra sign-in to find', next: [] },
    root: { means: "the account's root user made it, so there is no Entra sign-in to find", next: [] },
    aws_service: { means: 'AWS acted for itself', next: [] },
    compute_role: { means: 'a compute service of AWS holds the role, so there is no sign-in to find', next: [] },
  };
  return texts[reason] ?? { means: reason, next: [] };
}
