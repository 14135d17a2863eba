/**
 * The signer that the configuration names: a key file, or a key of AWS KMS.
 */
import type { EvidenceConfig } from '../config/evidence.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Signer } from './signer.ts';

/**
 * The signer that the configuration names.
 * @throws WhoranError where it names none or two, or where the key cannot be had
 */
export async function openSigner(config: EvidenceConfig): Promise<Signer> {
  const { signing_key_file: file, kms_key_id: kmsKeyId } = config;
  if (file !== undefined && kmsKeyId !== undefined) {
    throw new WhoranError('evidence names both signing_key_file and kms_key_id', { exitCode: EXIT.wrongUse, hint: 'Remove one of them: a bundle has one signature.' });
  }
  if (file !== undefined) {
    const { keyFileSigner } = await import('./key-file-signer.ts');
    return keyFileSigner(file);
  }
  if (kmsKeyId !== undefined) {
    const { kmsSigner } = await import('./kms-signer.ts');
    return kmsSigner({ keyId: kmsKeyId, region: config.kms_region, roleArn: config.kms_role_arn });
  }
  throw new WhoranError('no key to sign the bundle with', {
    exitCode: EXIT.wrongUse,
    hint: 'Make one with `whoran keys new --out FILE` and name it in the configuration under evidence.signing_key_file, or name a key of AWS KMS under evidence.kms_key_id.',
  });
}
