/**
 * Checks a bundle that lies in a folder or a zip: the small verifier, and after it whatever else was asked for.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Fault } from '../verifier/faults.ts';
import type { Manifest } from '../verifier/manifest.ts';
import type { Verification } from '../verifier/verification.ts';
import { verifyBundleInThreads } from '../verifier/verify.ts';
import { unpackBundle } from './bundle-zip.ts';
import { checkBundleTimestamp } from './check-timestamp.ts';
import { withCheck, type FurtherCheck } from './further-check.ts';

/** A bundle whose manifest could be read. */
export interface OpenBundle {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly progress?: (step: string) => void;
}
export type BundleCheck = (bundle: OpenBundle) => Promise<FurtherCheck>;

export interface VerifyRequest {
  /** The folder, or the zip. */
  readonly path: string;
  /** The signer's public key, had from elsewhere. */
  readonly key?: KeyObject | undefined;
  /** Certificates to which the timestamp authority's must lead; without them the timestamp is not checked. */
  readonly trusted?: readonly X509Certificate[] | undefined;
  readonly further?: readonly BundleCheck[];
  readonly progress?: (step: string) => void;
}

/**
 * Checks a bundle.
 * @throws WhoranError where there is nothing at that path, or a zip that cannot be unpacked
 */
export async function verifyPath(request: VerifyRequest): Promise<Verification> {
  return withBundleFolder(request, async (folder, faults) => verifyFolder(folder, request, faults));
}

/**
 * Checks a bundle, and hands over its folder where it is intact. A zip is unpacked for as long as `use` takes.
 * @throws WhoranError (exit 1) where it is altered, and as `verifyPath` does
 */
export async function withIntactBundle<Result>(request: VerifyRequest, use: (bundle: OpenBundle, verification: Verification) => Promise<Result>): Promise<Result> {
  return withBundleFolder(request, async (folder, unpackFaults) => {
    let manifest: Manifest | undefined;
    const keep: BundleCheck = async (bundle) => {
      manifest = bundle.manifest;
      return Promise.resolve({ settles: [], proved: [], not_checked: [], faults: [] });
    };
    const verification = await verifyFolder(folder, { ...request, further: [...(request.further ?? []), keep] }, unpackFaults);
    const [fault] = verification.faults;
    if (verification.verdict === 'altered' || !manifest) {
      throw new WhoranError(`${inert(request.path, 300)}: the bundle is altered${fault ? ` (${inert(fault.file, 200)}: expected ${inert(fault.expected, 200)}, found ${inert(fault.found, 200)})` : ''}`, {
        exitCode: EXIT.found,
        hint: 'Nothing was made of it. `whoran verify` names every fault; get the bundle again from whoever signed it.',
      });
    }
    return use({ folder, manifest }, verification);
  });
}

async function withBundleFolder<Result>(request: Pick<VerifyRequest, 'path' | 'progress'>, use: (folder: string, faults: readonly Fault[]) => Promise<Result>): Promise<Result> {
  const status = await stat(request.path).catch((cause: unknown) => {
    throw new WhoranError(`${inert(request.path, 300)}: there is no such bundle, or it may not be read`, { exitCode: EXIT.wrongUse, hint: 'Give the bundle’s folder, or its zip.', cause });
  });
  if (status.isDirectory()) return use(request.path, []);
  const folder = await mkdtemp(join(tmpdir(), 'whoran-verify-'));
  try {
    request.progress?.(`unpacking ${basename(request.path)}`);
    return await use(folder, await unpackBundle(request.path, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function verifyFolder(folder: string, { path, key, trusted, further = [], progress }: VerifyRequest, faults: readonly Fault[]): Promise<Verification> {
  const { verification, manifest, envelope } = await verifyBundleInThreads(folder, { key, name: path, ...(progress ? { progress } : {}) });
  let result = faults.length === 0 ? verification : withCheck(verification, { settles: [], proved: [], not_checked: [], faults });
  if (trusted && envelope) result = withCheck(result, await checkBundleTimestamp(folder, envelope.signature, trusted));
  if (manifest) for (const check of further) result = withCheck(result, await check({ folder, manifest, ...(progress ? { progress } : {}) }));
  return result;
}
