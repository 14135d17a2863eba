/**
 * The configuration's part about evidence bundles: who signs them, and who says when.
 */
import { z } from 'zod';
import { region, roleArn } from './sources/common.ts';

export const evidenceConfigSchema = z
  .strictObject({
    signing_key_file: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'A file with an Ed25519 private key (PKCS#8, PEM) that nobody but its owner may read: `whoran keys new` makes one. Either this or `kms_key_id`.', examples: ['/etc/whoran/signing-key.pem'] }),
    kms_key_id: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'A key of AWS KMS that signs: its ARN, id, or alias; key spec ECC_NIST_EDWARDS25519, for signing and verifying. Needs kms:Sign and kms:GetPublicKey.',
        examples: ['arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
      }),
    kms_region: region.optional().meta({ description: "The key's region, where `kms_key_id` is no ARN.", examples: ['eu-central-1'] }),
    kms_role_arn: roleArn.optional().meta({ description: 'A role to assume for signing.', examples: ['arn:aws:iam::111122223333:role/whoran-signer'] }),
    pseudonym_key_file: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'A file with the key of pseudonyms, for `whoran report … --redact people`, that nobody but its owner may read: `whoran keys pseudonyms` makes one. Another key gives other pseudonyms.', examples: ['/etc/whoran/pseudonym-key'] }),
    timestamp_url: z
      .string()
      .regex(/^https:\/\/[^\s/?#@]+[^\s]*$/, 'an https URL')
      .optional()
      .meta({ description: 'An RFC 3161 timestamp authority that is asked for a timestamp on each signature. It learns a hash and nothing else.', examples: ['https://tsa.example.com/tsr'] }),
    timestamp_ca_file: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "The certificates, in PEM, that the authority's own must lead to. Needed with `timestamp_url`.", examples: ['/etc/whoran/tsa-ca.pem'] }),
  })
  .prefault({})
  .describe('Evidence bundles: who signs them, and who says when.');

export type EvidenceConfig = z.output<typeof evidenceConfigSchema>;
