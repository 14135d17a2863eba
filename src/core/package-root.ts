/**
 * Where the package lies, so that its SQL files and reports are found from the sources and from the built program alike.
 */

/**
 * The absolute path of the package's folder, without a trailing slash: the one that holds `package.json`, `queries/` and
 * `reports/`. Built files lie one folder deeper (`dist/src/core`) than their sources (`src/core`).
 */
export function packageRoot(): string {
  const up = import.meta.url.endsWith('/dist/src/core/package-root.js') ? '../../..' : '../..';
  return decodeURIComponent(new URL(up, import.meta.url).pathname).replace(/\/$/, '');
}
