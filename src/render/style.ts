/**
 * How a report looks, on a screen and on A4. No file but this page, no font but the reader's own.
 */
import { inertText } from './cell-text.ts';

/** A CSS string. Whatever could end the string, or the style element around it, is escaped. */
function cssString(text: string): string {
  return `"${inertText(text).replace(/["\\<>&]/g, (character) => `\\${(character.codePointAt(0) ?? 0).toString(16)} `)}"`;
}

/** The style sheet; the lines of `footer` stand at the foot of every printed page. */
export function styleSheet(footer: readonly string[]): string {
  return `
:root { --ink: #1c1d1f; --soft: #5a5d63; --rule: #d5d1c8; --faint: #f4f1ea; --haze: #b9b4a8; --paper: #fff; --deep: #16505c; --alarm: #a3341f; --alarm-light: #eac4bb;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", "Noto Serif", "DejaVu Serif", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace; }
@media screen and (prefers-color-scheme: dark) { :root { color-scheme: dark; --ink: #e9e6df; --soft: #aaa79e; --rule: #45433d; --faint: #23221e; --haze: #6a665c; --paper: #171613; --deep: #62b2c2; --alarm: #ea8c74; --alarm-light: #5c2d22; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; color: var(--ink); background: var(--paper); }
body { margin: 0 auto; max-width: 76rem; padding: 3.5rem clamp(1rem, 4vw, 4rem) 5rem; font: 16px/1.55 var(--serif); }
h1, h2, h3, p, ul, ol, dl, figure { margin: 0; }
h1 { font-size: 2.5rem; line-height: 1.12; font-weight: 500; letter-spacing: -.01em; text-wrap: balance; }
h2 { margin: 4rem 0 1rem; padding-top: 1rem; border-top: 2px solid var(--ink); font-size: 1.5rem; line-height: 1.25; font-weight: 500; }
h3 { margin: 2.25rem 0 .25rem; font-size: 1.05rem; line-height: 1.35; font-weight: 600; }
p, ul.prose { max-width: 44rem; }
p + p, ul.prose { margin-top: .75rem; } dl + p { margin-top: 2rem; }
ul.prose { padding-left: 1.2rem; } ul.prose li + li { margin-top: .35rem; }
a { color: inherit; text-decoration-color: var(--rule); text-underline-offset: .18em; }
a:hover { text-decoration-color: currentColor; }
code { font: .84em/1.45 var(--mono); overflow-wrap: anywhere; } code.short { white-space: nowrap; overflow-wrap: normal; }
.kicker { margin-bottom: .75rem; font: 600 .75rem/1.4 var(--sans); letter-spacing: .12em; text-transform: uppercase; color: var(--deep); }
.period { margin-top: 1rem; font-size: 1.2rem; color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem 2rem; margin-top: 2rem; padding: 1.25rem 0; border: solid var(--rule); border-width: 1px 0; font: .875rem/1.5 var(--sans); }
.facts .whole { grid-column: 1 / -1; } .facts .whole dd { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: 0 1.5rem; } .facts .whole dd b { font-weight: 500; min-width: 9rem; } .facts dt { font-size: .75rem; color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.contents { margin: 2rem 0; font: .875rem/1.7 var(--sans); } .contents ol { padding-left: 1.4rem; columns: 2 18rem; }
.notes { max-width: 52rem; padding: 0; list-style: none; } .notes li { padding: .55rem 0 .55rem 2.75rem; border-top: 1px solid var(--rule); position: relative; overflow-wrap: anywhere; }
.notes li:last-child { border-bottom: 1px solid var(--rule); }
.notes li::before { content: counter(note); counter-increment: note; position: absolute; left: .5rem; font: 600 .8rem/2 var(--sans); color: var(--deep); } .notes { counter-reset: note; margin-top: 1rem; }
.bar { margin: 1.5rem 0 2rem; break-before: avoid; } .bar > svg { display: block; width: 100%; height: 2.4rem; }
.legend { max-width: none; display: flex; flex-wrap: wrap; gap: .4rem 1.75rem; margin-top: .8rem; padding: 0; list-style: none; font: .875rem/1.4 var(--sans); }
.legend li { display: flex; align-items: center; gap: .45rem; } .legend b { font-weight: 600; font-variant-numeric: tabular-nums; } .share { color: var(--soft); }
.part { stroke: var(--ink); stroke-width: 1; vector-effect: non-scaling-stroke; } .ink { fill: var(--deep); } .paper { fill: var(--paper); } .alarm { fill: var(--alarm-light); } .lines { stroke: var(--alarm); stroke-width: 2; fill: none; }
.patterns { position: absolute; } .haze { fill: var(--haze); } .ground, .gap { fill: url(#fill-gap); } .ground { opacity: .5; } .box { fill: var(--faint); stroke: var(--ink); stroke-width: 1; } .grid { stroke: var(--rule); stroke-width: 1; fill: none; } .edge { stroke: var(--ink); stroke-width: 1.4; fill: none; }
.chart { margin: 1rem 0 1.25rem; max-width: 55rem; } .drawn { display: block; width: 100%; height: auto; font: 13px var(--sans); fill: var(--ink); } .drawn .soft { fill: var(--soft); font-size: 12px; } .drawn .small { font-size: 11.5px; } .drawn .big { font-size: 22px; font-weight: 600; } .drawn .id { font: 11px var(--mono); }
.solid { fill: var(--deep); } .stripes { fill: url(#fill-stripes); } .light { fill: url(#fill-light); } .dots { fill: url(#fill-dots); } .cross { fill: url(#fill-cross); } .open { fill: var(--paper); stroke-dasharray: 3 2; }
.table { margin-top: 2.25rem; } .about { font-size: .925rem; color: var(--soft); max-width: 52rem; }
.scroll { margin-top: .75rem; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font: .8125rem/1.42 var(--sans); }
th { padding: .45rem .9rem .45rem 0; border-bottom: 1.5px solid var(--ink); text-align: left; vertical-align: bottom; font-weight: 600; background: var(--paper); }
td { padding: .5rem .9rem .5rem 0; vertical-align: top; overflow-wrap: anywhere; min-width: 4.5rem; } tbody tr:first-child td { border-top: 1px solid var(--rule); }
thead + tbody tr:first-child td { border-top: 0; } thead tr:not(:last-child) th { border-bottom: 0; } thead .detail th { padding-top: 0; font-weight: 400; color: var(--soft); font-size: .92em; } th:last-child, td:last-child { padding-right: 0; }
.wide .ids { width: 25%; } .term, th { overflow-wrap: normal; min-width: 0; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: normal; } .wide th.number { white-space: normal; } .instant { font-variant-numeric: tabular-nums; min-width: 6.2rem; overflow-wrap: normal; }
.under { font-size: .92em; color: var(--soft); font-weight: 400; } td a { text-decoration-color: transparent; } td a:hover { text-decoration-color: currentColor; }
.mark { color: var(--deep); } .none { color: var(--soft); }
.detail td { padding-top: 0; } .detail .name { color: var(--soft); font-size: .92em; margin-right: .6em; }
.evidence { margin: 0; padding: 0; list-style: none; font-size: .72rem; } .evidence li { display: grid; grid-template-columns: 5.5rem 6.5rem minmax(9rem, 19rem) 1fr; gap: 0 .75rem; } .hop { color: var(--soft); }
.foot { margin-top: .6rem; font: .75rem/1.5 var(--sans); color: var(--soft); max-width: none; } .foot strong { color: var(--ink); } .empty { margin-top: .5rem; font-style: italic; }
dl.terms { display: grid; grid-template-columns: minmax(11rem, 15rem) 1fr; margin-top: 1rem; max-width: 58rem; } dl.terms dt, dl.terms dd { margin: 0; padding: .5rem 1rem .5rem 0; border-top: 1px solid var(--rule); }
dl.terms dt { font: 600 .875rem/1.7 var(--sans); overflow-wrap: anywhere; } dl.terms :target, dt:target + dd { background: var(--faint); }
.query { margin-top: 2rem; } .query p { font: .75rem/1.6 var(--sans); color: var(--soft); max-width: none; overflow-wrap: anywhere; } pre { margin: .5rem 0 0; padding: .9rem 1rem; background: var(--faint); font: .75rem/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
.end { margin-top: 4rem; padding-top: 1rem; border-top: 2px solid var(--ink); font: .8125rem/1.5 var(--sans); color: var(--soft); max-width: none; }
@media (max-width: 40rem) { body { padding-top: 2rem; } h1 { font-size: 1.9rem; } dl.terms { grid-template-columns: 1fr; } dl.terms dd { border-top: 0; padding-top: 0; } table, .drawn { min-width: 44rem; } .wide table { min-width: 60rem; } .facts .whole dd { grid-template-columns: 1fr; margin-bottom: .4rem; } .contents ol { columns: auto; } }
@page { size: A4; margin: 17mm 15mm 18mm; @bottom-left { content: ${footer.map(cssString).join(' "\\a " ')}; white-space: pre-wrap; font: 7pt/1.4 sans-serif; color: #5a5d63; } @bottom-right { content: counter(page) " of " counter(pages); font: 7pt/1.4 sans-serif; white-space: nowrap; color: #5a5d63; } }
@page landscape { size: A4 landscape; }
@media print {
  html { font-size: 12.5px; } body { max-width: none; padding: 0; font-size: 9.6pt; line-height: 1.45; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  h1 { font-size: 24pt; } h2 { font-size: 15pt; margin-top: 2.2rem; } h2, h3, .about { break-after: avoid; }
  .wide, h2:has(+ .wide) { page: landscape; } h2:has(+ .wide) { break-before: page; margin-top: 0; } .about { break-inside: avoid; } .scroll { break-before: avoid; } thead { break-after: avoid; } .table.short { break-inside: avoid; } p:has(+ dl), p:has(+ .table) { break-after: avoid; } .scroll { overflow: visible; } thead { display: table-header-group; } tbody, .notes li, .facts div, figure, dl.terms dd, dl.terms dt { break-inside: avoid; }
  table { font-size: 7.6pt; } td { padding-top: .28rem; padding-bottom: .28rem; } .evidence { font-size: 6.6pt; } .foot, .query p { font-size: 7pt; break-before: avoid; } pre { font-size: 6.2pt; line-height: 1.38; background: none; border: 1px solid var(--rule); }
  a { text-decoration: none; } p, li { orphans: 3; widows: 3; } .number, td { min-width: 0; } .instant { min-width: 7.2em; }
}
`;
}
