import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_ROOT, leafHash, MerkleTree, nodeHash, rootFromMultiproof, rootFromPath } from './merkle.ts';

/** The inputs and roots of Certificate Transparency's own tests of RFC 6962 (google/certificate-transparency, merkletree tests; also transparency-dev/merkle). */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) => Buffer.from(hex, 'hex'));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const PATHS: readonly (readonly [index: number, size: number, path: readonly string[]])[] = [
  [0, 1, []],
  [0, 8, ['96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4']],
  [5, 8, ['bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b', 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7']],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [1, 5, ['6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']],
];

const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map((one) => Buffer.from(one).toString('hex'));

test('roots of Certificate Transparency’s reference trees', () => {
  expect(ROOTS.map((_, size) => MerkleTree.of(INPUTS.slice(0, size)).root.toString('hex'))).toEqual(ROOTS);
  expect(EMPTY_ROOT.toString('hex')).toBe(ROOTS[0]);
});

test.each(PATHS)('the audit path of leaf %i in a tree of %i', (index, size, path) => {
  const tree = MerkleTree.of(INPUTS.slice(0, size));
  expect(hex(tree.path(index))).toEqual(path);
  expect(rootFromPath(leafHash(INPUTS[index]!), index, size, tree.path(index))?.toString('hex')).toBe(ROOTS[size]);
});

/** The definitions of RFC 6962 section 2.1 word for word, over another hash interface. */
const sha256 = (...parts: readonly Uint8Array[]): Buffer => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest();
function split(count: number): number {
  let k = 1;
  while (k * 2 < count) k *= 2;
  return k;
}
function naiveRoot(data: readonly Uint8Array[]): Buffer {
  if (data.length === 0) return sha256();
  if (data.length === 1) return sha256(Buffer.of(0), data[0]!);
  const k = split(data.length);
  return sha256(Buffer.of(1), naiveRoot(data.slice(0, k)), naiveRoot(data.slice(k)));
}
function naivePath(index: number, data: readonly Uint8Array[]): Buffer[] {
  if (data.length === 1) return [];
  const k = split(data.length);
  return index < k ? [...naivePath(index, data.slice(0, k)), naiveRoot(data.slice(k))] : [...naivePath(index - k, data.slice(k)), naiveRoot(data.slice(0, k))];
}
function naiveMultiproof(known: ReadonlySet<number>, data: readonly Uint8Array[], from = 0): Buffer[] {
  if (data.length === 0) return [];
  if (!data.some((_, at) => known.has(from + at))) return [naiveRoot(data)];
  if (data.length === 1) return [];
  const k = split(data.length);
  return [...naiveMultiproof(known, data.slice(0, k), from), ...naiveMultiproof(known, data.slice(k), from + k)];
}

const data = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 70 });
const some = data.chain((items) => fc.record({ items: fc.constant(items), known: fc.subarray(items.map((_, at) => at)) }));

test('roots and paths are those of the RFC’s definitions', () => {
  fc.assert(
    fc.property(data, (items) => {
      const tree = MerkleTree.of(items);
      expect(tree.root).toEqual(naiveRoot(items));
      for (const [index, item] of items.entries()) {
        expect(tree.path(index)).toEqual(naivePath(index, items));
        expect(rootFromPath(leafHash(item), index, items.length, tree.path(index))).toEqual(tree.root);
      }
    }),
  );
});

test('one proof for many leaves holds the largest subtrees without them, and leads to the root', () => {
  fc.assert(
    fc.property(some, ({ items, known }) => {
      const tree = MerkleTree.of(items);
      const proof = tree.multiproof(known);
      expect(proof).toEqual(naiveMultiproof(new Set(known), items));
      expect(rootFromMultiproof(items.length, known, (n) => leafHash(items[known[n]!]!), proof)).toEqual(tree.root);
    }),
    { numRuns: 300 },
  );
});

test('a proof holds for no other leaf, place, count, or hash', () => {
  fc.assert(
    fc.property(some, fc.nat(), fc.nat({ max: 255 }), ({ items, known }, pick, byte) => {
      fc.pre(known.length > 0);
      const tree = MerkleTree.of(items);
      const proof = tree.multiproof(known);
      const leaves = known.map((index) => leafHash(items[index]!));
      const root = (size: number, indexes: readonly number[], hashes: readonly Buffer[], hashesOfProof: readonly Buffer[]): Buffer | undefined => rootFromMultiproof(size, indexes, (n) => hashes[n]!, hashesOfProof);
      const flip = (list: readonly Buffer[]): Buffer[] => list.map((one, at) => (at === pick % list.length ? Buffer.from(one.map((value, place) => (place === byte % 32 ? value ^ (1 << byte % 8) : value))) : one));
      expect(root(items.length, known, flip(leaves), proof)).not.toEqual(tree.root);
      if (proof.length > 0) {
        expect(root(items.length, known, leaves, flip(proof))).not.toEqual(tree.root);
        expect(root(items.length, known, leaves, proof.slice(1))).not.toEqual(tree.root);
      }
      expect(root(items.length, known, leaves, [...proof, tree.root])).toBeUndefined();
      expect(root(items.length * 2 + 1, known, leaves, proof)).not.toEqual(tree.root);
      const index = known[pick % known.length]!;
      const path = tree.path(index);
      const leaf = leafHash(items[index]!);
      expect(rootFromPath(leaf, index, items.length, [...path, tree.root])).not.toEqual(tree.root);
      if (path.length > 0) expect(rootFromPath(leaf, index, items.length, path.slice(1))).not.toEqual(tree.root);
      expect(rootFromPath(leaf, items.length, items.length, path)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test('a leaf is never taken for a node, nor a number that is none', () => {
  const [left, right] = [leafHash(INPUTS[0]!), leafHash(INPUTS[1]!)];
  expect(leafHash(Buffer.concat([left, right]))).not.toEqual(nodeHash(left, right));
  for (const size of [-1, 1.5, 2 ** 31, NaN]) expect(rootFromPath(left, 0, size, [])).toBeUndefined();
  for (const size of [-1, 1.5, 2 ** 31, NaN]) expect(rootFromMultiproof(size, [], () => left, [])).toBeUndefined();
  expect(() => MerkleTree.of(INPUTS).multiproof([3, 3])).toThrow(RangeError);
  expect(() => MerkleTree.of(INPUTS).path(8)).toThrow(RangeError);
});
