/**
 * What was told, what would be, and how channels stand, as a person reads them.
 */
import type { ChannelRecord } from '../../answers/channels.ts';
import { inert } from '../../core/inert.ts';
import type { AlertsResult } from '../../pipeline/alert.ts';
import type { Previews } from '../../pipeline/alert-preview.ts';
import type { ChannelState } from '../../pipeline/alert-states.ts';
import type { Page } from './answer.ts';
import { alerts } from './run.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

/** A message's body is shown up to here; --json has it whole. */
const SHOWN_CHARACTERS = 3000;

export function previewLines({ previews, held, orphans }: Previews, page: Page): string[] {
  const { style, columns } = page;
  const later = previews.filter((preview) => preview.is_waiting).length;
  const now = previews.length - later;
  const lead = previews.length === 0 ? 'Nothing is due.' : `${counted(now, 'message')} would be sent${later === 0 ? '' : `, and ${later} would wait`}.`;
  return [
    style.bold(lead),
    ...heldLines(held, columns),
    ...orphans.flatMap(({ channel, messages }) => wrapped(`${counted(messages, 'message')} for ${inert(channel, 80)}: its channel is not configured any more, is turned off, or could not be made.`, columns)),
    ...previews.flatMap((preview) => [
      '',
      `${style.bold(inert(preview.channel))}  ${preview.alert.notice}  ${preview.alert.severity}  to ${inert(preview.target, 200)}`,
      ...wrapped(inert(preview.alert.title, 400), columns - 2, { isWhole: true }).map((line) => `  ${line}`),
      ...(preview.planned_at === null ? [] : [`  planned ${inert(preview.planned_at)}, ${counted(preview.attempts, 'attempt')}`]),
      ...(preview.is_waiting ? [`  waits${preview.retry_at === null ? ' behind another, or for its channel' : `: not tried before ${inert(preview.retry_at)}`}`] : []),
      ...preview.message.body.slice(0, SHOWN_CHARACTERS).split('\n').map((line) => style.dim(`  ${inert(line, SHOWN_CHARACTERS)}`)),
      ...preview.message.cuts.map((cut) => `  ${inert(cut, 300)}`),
    ]),
    '',
    style.dim('Nothing was sent or recorded.'),
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function resultLines(result: AlertsResult, page: Page): string[] {
  const { columns } = page;
  const changes = Object.entries(result.changes).map(([cause, count]) => `${count} ${cause.replace('_', ' ')}`);
  const told = alerts({ alerts: result }, page);
  return [
    ...(told.length > 0 ? told : ['Nothing is due.']),
    ...(changes.length === 0 ? [] : wrapped(`Findings since the last time: ${changes.join(', ')}.`, columns)),
    ...result.channels.flatMap(({ channel, failure }) => (failure === null ? [] : wrapped(`${inert(channel)}: ${inert(failure.message, 400)}${failure.hint === null ? '' : ` ${inert(failure.hint, 400)}`}`, columns))),
  ];
}

function heldLines(held: AlertsResult['held'], columns: number): string[] {
  return held.flatMap(({ why, findings, channels }) => wrapped(`Held back for ${inert(channels.join(', '), 200)}: ${findings} finding${findings === 1 ? '' : 's'}, ${inert(why, 300)}.`, columns));
}

export function channelLines(states: readonly ChannelState[], page: Page): string[] {
  if (states.length === 0) return ['The configuration has no channels: nobody is told anything.'];
  const columns = [{ title: 'channel' }, { title: 'type' }, { title: 'target' }, { title: 'sent', isNumber: true }, { title: 'waiting', isNumber: true }, { title: 'given up', isNumber: true }, { title: 'last sent', least: 20 }];
  const rows = states.map(({ channel, type, target, enabled, sent, waiting, dead, last_sent_at: last }) => [
    inert(channel), type, enabled ? inert(target ?? 'not usable', 200) : 'off', String(sent), String(waiting), String(dead), last ?? 'never',
  ]);
  const notes = states.flatMap((state) => [
    ...(state.fault === null ? [] : [inert(state.fault, 400)]),
    ...(state.enabled && state.routes.length === 0 ? [`${inert(state.channel)}: no route sends anything there.`] : []),
    ...recordNotes(state),
  ]);
  return [...tableLines(columns, rows, page), ...notes.flatMap((note) => wrapped(note, page.columns))];
}

/** What a channel's record says beside its counts. */
export function recordNotes({ channel, last_failure: failure, left_alone_until: until, last_test: test }: ChannelRecord): string[] {
  return [
    ...(failure === null ? [] : [`${inert(channel)}: ${failure.error_class} at ${failure.at}: ${inert(failure.message, 400)}${until === null ? '' : `; left alone until ${until}`}`]),
    ...(test === null ? [] : [`${inert(channel)}: last tested ${test.at}, ${test.sent ? 'taken' : 'not taken'}`]),
  ];
}
