/**
 * Landing a step of a pull: its bytes, then its cursor.
 */
import { hash } from 'node:crypto';
import type { LandedAt } from '../landing/digest-index.ts';
import { gunzipAhead, isGzip } from '../landing/gunzip.ts';
import type { Delivery } from '../landing/landing.ts';
import { PACK_BYTES, type PackMember } from '../landing/pack.ts';
import type { PulledCoverage } from '../landing/pull-log.ts';
import type { Coverage, Delivered, Step } from '../sources/source.ts';
import type { Writer } from '../store/writer.ts';
import { plainTrailObject } from './stage.ts';

/** What became of a step's deliveries. */
export interface LandedStep {
  readonly delivered: number;
  readonly landed: number;
  readonly bytes: number;
  /** Those whose bytes were landed before, and where. */
  readonly repeated: readonly { readonly origin: string; readonly at: LandedAt }[];
}

/**
 * Lands a step's bytes under the writer's lock and, once they are on disk, writes its cursor. Trail objects go into packs, what
 * else came into files of its own; the same bytes as before land once. Nothing is staged yet: `stage(writer)` does that.
 * @throws where the disk refuses; then the cursor stays, and the source delivers the step again
 */
export async function landStep(writer: Writer, sourceId: string, step: Step, now: () => Date = () => new Date()): Promise<LandedStep> {
  const { landing } = writer;
  const repeated: { origin: string; at: LandedAt }[] = [];
  const members: PackMember[] = [];
  const files: Delivery[] = [];
  const here = new Set<string>();
  const unpacked = await Promise.all(step.delivered.map(async ({ bytes }) => (isGzip(bytes) ? gunzipAhead(bytes) : undefined)));
  for (const [index, delivered] of step.delivered.entries()) {
    const { bytes, origin } = delivered;
    const sha256 = hash('sha256', bytes, 'buffer');
    const content = delivered.content && hash('sha256', delivered.content, 'buffer');
    const at = landing.find(content ?? sha256);
    if (at) repeated.push({ origin, at });
    const key = (content ?? sha256).toString('latin1');
    if (at || here.has(key)) continue;
    here.add(key);
    const raw = isGzip(bytes) ? plainTrailObject({ form: 'file', bytes }, unpacked[index]) : undefined;
    const metadata = delivered.metadata ? { metadata: delivered.metadata } : {};
    if (raw) members.push({ bytes, origin, sha256, rawBytes: raw.length, ...metadata });
    else files.push({ ...asFile(sourceId, step.stream, delivered), sha256, ...(content ? { contentSha256: content } : {}) });
  }
  for (const pack of packs(members)) {
    const [seq = 0] = landing.reserve(1);
    await landing.landPack(seq, pack, sourceId, step.stream);
  }
  if (files.length > 0) await landing.landFiles(landing.reserve(files.length), files);
  const landed = members.length + files.length;
  const bytes = step.delivered.reduce((sum, one) => sum + one.bytes.length, 0);
  if (step.cursor !== undefined || step.delivered.length === 0) {
    landing.pulls.append({
      at: now().toISOString(),
      source: sourceId,
      stream: step.stream,
      covers: step.covers.map(asPulled),
      window_from: step.window?.from.toISOString() ?? null,
      window_to: step.window?.to.toISOString() ?? null,
      cursor: step.cursor ?? null,
      complete_through: step.completeThrough?.toISOString() ?? null,
      ledger_seq: landing.lastSeq,
      delivered: step.delivered.length,
      landed,
      bytes,
    });
  }
  return { delivered: step.delivered.length, landed, bytes, repeated };
}

function asFile(source: string, stream: string, { origin, bytes, tenantId, metadata }: Delivered): Delivery {
  return { source, stream, form: 'file', origin, bytes, tenantId: tenantId ?? null, metadata: metadata ?? null };
}

export function asPulled({ of, tenantId, signInKind, accountId, region }: Coverage): PulledCoverage {
  return { of, tenant_id: tenantId ?? null, sign_in_kind: signInKind ?? null, account_id: accountId ?? null, region: region ?? null };
}

function* packs(members: readonly PackMember[]): Generator<PackMember[]> {
  let pack: PackMember[] = [];
  let bytes = 0;
  for (const member of members) {
    if (pack.length > 0 && bytes + member.bytes.length > PACK_BYTES) {
      yield pack;
      pack = [];
      bytes = 0;
    }
    pack.push(member);
    bytes += member.bytes.length;
  }
  if (pack.length > 0) yield pack;
}
