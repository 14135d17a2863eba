/**
 * Printing takes a Chromium; where there is none, those tests are skipped and say so.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WhoranError } from '../core/errors.ts';
import { reportOf, tableOfRows } from '../../test/report-sample.ts';
import { findChromium } from './chromium.ts';
import { htmlReport } from './html.ts';
import { datedPdf, printPdf } from './pdf.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-pdf-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const chromium = ((): string | undefined => {
  try {
    return findChromium(process.env);
  } catch (error) {
    if (!(error instanceof WhoranError)) throw error;
    return undefined;
  }
})();
const printing = chromium === undefined ? describe.skip : describe;
const SKIPPED = chromium === undefined ? ' (skipped: no Chromium here; `apt-get install chromium`, or WHORAN_CHROMIUM)' : '';

describe('the browser', () => {
  test('is the one that WHORAN_CHROMIUM names, else the first on the search path', async () => {
    const program = join(folder, 'google-chrome');
    await writeFile(program, '#!/bin/sh\n');
    await chmod(program, 0o755);
    expect(findChromium({ PATH: `relative:${folder}` }, [])).toBe(program);
    expect(findChromium({ PATH: '' }, [program])).toBe(program);
    expect(findChromium({ WHORAN_CHROMIUM: program, PATH: '/usr/bin' })).toBe(program);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['nowhere', { PATH: '/nowhere' }, /printed by Chromium, and there is none here/],
    ['named and not there', { WHORAN_CHROMIUM: '/nowhere/chromium' }, /WHORAN_CHROMIUM is "\/nowhere\/chromium"/],
    ['named without its path', { WHORAN_CHROMIUM: 'chromium', PATH: '/usr/bin' }, /expected the absolute path/],
  ])('%s is a fault that says what to install', (_, env, message) => {
    expect(() => findChromium(env, [])).toThrow(message);
    expect(() => findChromium(env, [])).toThrow(expect.objectContaining({ exitCode: 2, hint: expect.stringContaining('apt-get install chromium') as string }));
  });
});

test('the time of making is the one given, and the length stays', () => {
  const text = "1 0 obj\n<</Title (x)\n/CreationDate (D:20261128073000+00'00')\n/ModDate (D:20261128073000+00'00')>>\nendobj\n/ModDate (yesterday)";
  const dated = datedPdf(Buffer.from(text, 'latin1'), new Date('2026-01-19T06:00:00Z')).toString('latin1');
  expect(dated).toHaveLength(text.length);
  expect(dated).toBe(text.replaceAll('20261128073000', '20260119060000'));
});

printing(`a printed page${SKIPPED}`, () => {
  const madeAt = new Date('2026-01-19T06:00:00Z');
  const print = async (name: string, html: string): Promise<Buffer> => {
    const page = join(folder, `${name}.html`);
    const out = join(folder, `${name}.pdf`);
    await writeFile(page, html);
    await printPdf({ page, out, chromium: chromium ?? '', madeAt });
    return readFile(out);
  };
  const pages = (pdf: Buffer): number => pdf.toString('latin1').match(/\/Type \/Page\n/g)?.length ?? 0;
  const reportHtml = async (): Promise<string> => {
    const rows = Array.from({ length: 90 }, (_, index) => ({ at: '2026-01-13T09:00:00Z', who: `arn:aws:iam::111122223333:role/${'long-name-'.repeat(12)}${index}`, population: index, evidence: [] }));
    let html = '';
    for await (const piece of htmlReport(reportOf([tableOfRows(rows)], '## Rows\n\n{{table rpt_rows}}\n\n## Queries\n\n{{queries}}\n'), { rowLimit: 100, fileOf: () => null })) html += piece;
    return html;
  };

  test('of a report has its title, an outline, tags, A4 pages, and the same bytes each time', async () => {
    const html = await reportHtml();
    const pdf = await print('report', html);
    const text = pdf.toString('latin1');
    expect(text.startsWith('%PDF-')).toBe(true);
    expect(text).toContain('/Title (A sample, 2026-01-12T00:00:00Z to 2026-01-19T00:00:00Z)');
    expect(text).toContain("/CreationDate (D:20260119060000+00'00')");
    expect(text).toContain('/StructTreeRoot');
    expect(text).toContain('/Outlines');
    expect(text).toMatch(/\/MediaBox \[0 0 59[45][\d.]* 84[12][\d.]*\]/);
    expect(pages(pdf)).toBeGreaterThan(2);
    expect((await print('again', html)).equals(pdf)).toBe(true);
  }, 120_000);

  test('runs no script and asks nobody for anything', async () => {
    let asked = 0;
    const server: Server = createServer((_, response) => {
      asked += 1;
      response.end('x');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const pdf = await print(
        'hostile',
        `<!doctype html><title>x</title><link rel="stylesheet" href="${url}/a.css"><style>@import url(${url}/b.css); body { background: url(${url}/c.png) }</style>
         <p>one page<img src="${url}/d.png"><img src="file:///etc/hostname"><iframe src="${url}/e"></iframe><object data="file:///etc/passwd"></object>
         <script>document.body.innerHTML = '<p style="break-after:page">more</p>'.repeat(9); new Image().src = '${url}/f'</script><meta http-equiv="refresh" content="0;url=${url}/g">`,
      );
      expect(pages(pdf)).toBe(1);
      expect(asked).toBe(0);
    } finally {
      server.close();
    }
  }, 120_000);

  test('by a browser that does not start is refused, and no file is left', async () => {
    const program = join(folder, 'broken');
    await writeFile(program, '#!/bin/sh\nexit 7\n');
    await chmod(program, 0o755);
    const page = join(folder, 'report.html');
    await writeFile(page, '<p>x');
    const out = join(folder, 'never.pdf');
    await expect(printPdf({ page, out, chromium: program, madeAt })).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('does not start') as string });
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  }, 120_000);
});
