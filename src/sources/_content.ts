/**
 * What of an answer is content, and what differs each time the same is asked.
 */

/**
 * A JSON answer without the values of its page tokens: the string after each of `names` where it stands as a key anywhere in
 * the bytes. Records are never touched in what is landed; this is only compared.
 *
 * A record might hold a member of such a name: then its value is left out of the comparison too, and two answers that differ in
 * nothing but that are taken for one. So `names` are ones that no record has.
 * @param names keys as they stand in the answer: `NextToken`, `@odata.nextLink`
 */
export function withoutTokens(body: Buffer, names: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  let kept = 0;
  for (const name of names) {
    const key = Buffer.from(`${JSON.stringify(name)}:`);
    // A token stands at the top of the answer: before its list, or after it.
    for (const at of [body.indexOf(key), body.lastIndexOf(key)]) {
      if (at < kept) continue;
      let start = at + key.length;
      while (body[start] === 0x20) start += 1;
      if (body[start] !== 0x22) continue;
      const end = stringEnd(body, start + 1);
      parts.push(body.subarray(kept, start));
      kept = end;
    }
  }
  parts.push(body.subarray(kept));
  return Buffer.concat(parts);
}

/** After the closing quote of the string whose text begins at `at`. */
function stringEnd(body: Buffer, at: number): number {
  for (let next = at; next < body.length; next += 1) {
    if (body[next] === 0x5c) next += 1;
    else if (body[next] === 0x22) return next + 1;
  }
  return body.length;
}
