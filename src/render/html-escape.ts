/**
 * Text into HTML.
 */
import { inertText } from './cell-text.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** `text` for an element's content or a quoted attribute: inert, and with no character that HTML gives a meaning to. */
export function escapeHtml(text: string): string {
  return inertText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Text of our own that has line breaks to keep, such as a query's: each line is escaped, the breaks stay. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeHtml).join('\n');
}
