/** The four kinds of Entra sign-in rows, as Graph's `signInEventTypes` has them, in snake case. */
export const SIGN_IN_KINDS = ['interactive_user', 'non_interactive_user', 'service_principal', 'managed_identity'] as const;
export type SignInKind = (typeof SIGN_IN_KINDS)[number];
