/**
 * Text in columns: how wide it is on a terminal, cut and wrapped to fit. For text that is inert already.
 */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}]/u;

function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that `text` takes: East Asian wide characters two, combining marks none. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** `text` in at most `columns`, its end replaced by `…` where it is longer. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  let taken = 1;
  for (const character of text) {
    taken += characterWidth(character);
    if (taken > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

/** `text` filled with spaces to `columns`, at its end or, for numbers, its start. */
export function pad(text: string, columns: number, side: 'end' | 'start' = 'end'): string {
  const fill = ' '.repeat(Math.max(0, columns - width(text)));
  return side === 'end' ? text + fill : fill + text;
}

/**
 * Breaks `text` at spaces into lines of at most `columns`. A word that is longer is cut with `…`; with `isWhole`, as for paths
 * that somebody has to find, it goes on in the next line instead.
 */
export function wrapped(text: string, columns: number, { isWhole = false } = {}): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    for (const fitting of isWhole ? pieces(word, columns) : [cut(word, columns)]) {
      if (line === '') line = fitting;
      else if (width(line) + 1 + width(fitting) <= columns) line += ` ${fitting}`;
      else {
        lines.push(line);
        line = fitting;
      }
    }
  }
  return line === '' ? lines : [...lines, line];
}

/**
 * A command to type, with its options on a line of their own where one line is too short for both: joined as a shell joins
 * them, so that both lines can be copied at once.
 * @param options begins with a space, or is empty
 */
export function commandLines(command: string, options: string, columns: number): string[] {
  if (width(command + options) <= columns) return [command + options];
  const indent = ' '.repeat(command.length - command.trimStart().length + 4);
  return [`${command} \\`, `${indent}${options.trimStart()}`];
}

/** A word in pieces of at most `columns`. */
function pieces(word: string, columns: number): string[] {
  const found: string[] = [];
  let piece = '';
  for (const character of word) {
    if (width(piece) + characterWidth(character) > columns) {
      found.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...found, piece];
}
