/**
 * The program's version.
 */
import { readFileSync } from 'node:fs';
import { packageRoot } from '../core/package-root.ts';

/** As package.json has it. */
export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(`${packageRoot()}/package.json`, 'utf8')) as { version: string };
  return version;
}
