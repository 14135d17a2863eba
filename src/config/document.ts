/**
 * A configuration file as a YAML document that knows where each of its values stands.
 */
import { LineCounter, isMap, isNode, isPair, isScalar, isSeq, parseDocument, visit, type Document, type Node, type Scalar } from 'yaml';

export type Path = readonly (string | number)[];

/** A scalar that is a value, not a key. */
export interface ScalarValue {
  readonly path: Path;
  readonly node: Scalar;
}

export class ConfigDocument {
  readonly file: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  constructor(text: string, file: string) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
  }

  /** Where the text is no YAML. */
  get syntaxFaults(): { line: number; message: string }[] {
    return this.#document.errors.map((error) => ({ line: this.#lines.linePos(error.pos[0]).line, message: error.message.split('\n')[0] ?? 'no YAML' }));
  }

  /** The values as they stand now; keys without a value are left out, since they mean the default. */
  get value(): unknown {
    return withoutNulls(this.#document.toJS({ maxAliasCount: 100 }) ?? {});
  }

  /** Every scalar value, in the order of the file. */
  get scalars(): ScalarValue[] {
    const found: ScalarValue[] = [];
    visit(this.#document, {
      Scalar: (key, node, ancestors) => {
        if (key !== 'key') found.push({ path: pathOf(ancestors, node), node });
      },
    });
    return found;
  }

  /** The line of a value or key: of the deepest part of `path` that is there. */
  lineOf(path: Path): number {
    let node: unknown = this.#document.contents;
    let offset = isNode(node) ? node.range?.[0] : 0;
    for (const segment of path) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === String(segment));
        if (!pair) break;
        offset = (pair.key as Node).range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(segment)];
        if (!isNode(item)) break;
        offset = item.range?.[0] ?? offset;
        node = item;
      } else {
        break;
      }
    }
    return this.#lines.linePos(offset ?? 0).line;
  }
}

/** The keys and indexes that lead to a node, by its ancestors from the document down. */
function pathOf(ancestors: readonly unknown[], node: unknown): Path {
  const chain = [...ancestors, node];
  return chain.flatMap((ancestor, index): (string | number)[] => {
    if (isPair(ancestor)) return [isScalar(ancestor.key) ? String(ancestor.key.value) : String(ancestor.key)];
    return isSeq(ancestor) ? [ancestor.items.indexOf(chain[index + 1])] : [];
  });
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])));
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[key] : undefined), value);
}
