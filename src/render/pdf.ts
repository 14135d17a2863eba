/**
 * A report's page as PDF, printed by Chromium. What the page shows was written by others: it runs no script, and no request leaves the browser.
 */
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { EXIT, WhoranError } from '../core/errors.ts';

export interface PdfOptions {
  /** The page, as a file. */
  readonly page: string;
  /** The file to write; there is none yet. */
  readonly out: string;
  /** The browser (`findChromium`). */
  readonly chromium: string;
  /** What the PDF says of when it was made: the report's run, so that the clock of the printing leaves no trace. */
  readonly madeAt: Date;
}

/** A page of 5,000 rows takes seconds; a browser that hangs is stopped. */
const LONGEST_MS = 10 * 60_000;

/** No name resolves, no address is reached, and nothing is fetched for the browser itself. */
const SHUT = ['--host-resolver-rules=MAP * ~NOTFOUND', '--proxy-server=http://127.0.0.1:9', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-pings'];

/**
 * Prints a page. Paper, margins and the foot of every page are the page's own style (`style.ts`).
 *
 * With the same page, browser and fonts the bytes are the same; another browser or other fonts give others.
 * @throws WhoranError where the browser does not start or does not print
 */
export async function printPdf({ page: path, out, chromium: executablePath, madeAt }: PdfOptions): Promise<void> {
  // Loaded where it is used: a report in other formats does not pay for it.
  const { chromium } = await import('playwright-core');
  // Chromium's own sandbox does not work for root, whom containers run things as; for everybody else it stays on.
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({ executablePath, headless: true, chromiumSandbox: !isRoot, args: SHUT, timeout: 60_000 }).catch((error: unknown) => {
    throw new WhoranError(`Chromium (${executablePath}) does not start`, {
      exitCode: EXIT.found,
      hint: 'Run it by hand with `--headless --version` and read what it says. In a container, user namespaces must be allowed for its sandbox.',
      cause: error,
    });
  });
  try {
    const context = await browser.newContext({ javaScriptEnabled: false, offline: true, serviceWorkers: 'block', acceptDownloads: false, locale: 'en-GB', timezoneId: 'UTC', colorScheme: 'light' });
    const page = await context.newPage();
    page.setDefaultTimeout(LONGEST_MS);
    const url = pathToFileURL(path).href;
    await context.route('**/*', (route) => (route.request().url() === url ? route.continue() : route.abort()));
    await page.goto(url, { waitUntil: 'load' });
    const bytes = await page.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true, outline: true });
    await writeFile(out, datedPdf(bytes, madeAt), { flag: 'wx' });
  } catch (error) {
    throw new WhoranError(`Chromium did not print the report: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`, { exitCode: EXIT.found, hint: 'The page itself is fine: `--format html`.', cause: error });
  } finally {
    await browser.close();
  }
}

const PDF_DATE = /\/(CreationDate|ModDate) \(D:\d{14}[^)]*\)/g;

/** The same PDF with this instant, UTC, as the time of its making. The length stays, since a PDF counts its bytes. */
export function datedPdf(bytes: Uint8Array, madeAt: Date): Buffer {
  const dated = Buffer.from(bytes);
  const stamp = `${madeAt.toISOString().replace(/\D/g, '').slice(0, 14)}+00'00'`;
  for (const match of dated.toString('latin1').matchAll(PDF_DATE)) {
    const shown = `/${match[1] ?? ''} (D:${stamp})`;
    if (shown.length === match[0].length) dated.write(shown, match.index, 'latin1');
  }
  return dated;
}
