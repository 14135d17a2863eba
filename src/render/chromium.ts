/**
 * Where the browser is that prints a page to PDF. It is not part of the package: a report is a page first, and needs no browser to be made.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';

/** Names on the search path, Debian's first. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];

/** Where installers put it outside the search path. */
const PLACES = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

const HINT =
  'Install Chromium (Debian and Ubuntu: `apt-get install chromium`), or name one: `WHORAN_CHROMIUM=/path/to/chromium`. Every other format is made without it: `--format html`.';

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The path of a Chromium: what `WHORAN_CHROMIUM` names, else the first found on the search path or where installers put it.
 *
 * @param env the environment's variables
 * @param places where to look besides the search path
 * @throws WhoranError (wrong use) where there is none, or where `WHORAN_CHROMIUM` names no program
 */
export function findChromium(env: Readonly<Record<string, string | undefined>>, places: readonly string[] = PLACES): string {
  const named = env['WHORAN_CHROMIUM'] ?? '';
  if (named !== '') {
    if (isAbsolute(named) && isProgram(named)) return named;
    throw new WhoranError(`WHORAN_CHROMIUM is ${JSON.stringify(named)}: expected the absolute path of a program that may be run`, { exitCode: EXIT.wrongUse, hint: HINT });
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  const found = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...places].find(isProgram);
  if (found !== undefined) return found;
  throw new WhoranError('a PDF is printed by Chromium, and there is none here', { exitCode: EXIT.wrongUse, hint: HINT });
}
