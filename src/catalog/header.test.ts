import { describe, expect, test } from 'vitest';
import { detectionHeaderSchema, fileHeaderSchema, parseHeader } from './header.ts';

const file = (yaml: string): string => `/*---\n${yaml}\n---*/\nselect 1\n`;

describe('a file\'s header', () => {
  test('is read, its defaults filled in', () => {
    const { header } = parseHeader(file('id: task\ntitle: One task\ndescription: What it is.\nparams: { at: timestamptz }'), fileHeaderSchema);
    expect(header).toEqual({ id: 'task', title: 'One task', description: 'What it is.', params: { at: { type: 'timestamptz' } }, controls: [] });
  });

  test.each([
    ['no header', 'select 1', 'no header'],
    ['no end', '/*---\nid: a\nselect 1', 'has no end'],
    ['a comment\'s end inside', '/*---\nid: a */ drop table x; /*\n---*/', '"*/"'],
    ['no YAML', file('id: [a'), 'no YAML'],
    ['a field missing', file('id: a\ntitle: Abc'), 'header field description'],
    ['a field that there is none of', file('id: a\ntitle: Abc\ndescription: d\nseverty: high'), 'severty'],
    ['an id that is no file name', file('id: ../a\ntitle: Abc\ndescription: d'), 'header field id'],
    ['a control without its framework', file('id: a\ntitle: Abc\ndescription: d\ncontrols: [CC6.1]'), 'framework:criterion'],
  ])('with %s is refused, saying so', (_, sql, message) => {
    expect(parseHeader(sql, fileHeaderSchema).faults.join('\n')).toContain(message);
  });
});

describe('a detection\'s header', () => {
  const whole = {
    id: 'x', title: 'Abc', description: 'd', severity: 'high', sources: '[cloudtrail]', controls: '[soc2:CC6.1]', false_positives: 'none', runbook: '1. Ask.',
  };
  const yaml = (fields: Record<string, string>): string => file(Object.entries(fields).map(([name, value]) => `${name}: ${value}`).join('\n'));

  test('is read', () => {
    expect(parseHeader(yaml(whole), detectionHeaderSchema).header).toMatchObject({ severity: 'high', sources: ['cloudtrail'], params: {} });
  });

  test.each([
    ['severity', 'urgent'], ['sources', '[syslog]'], ['controls', '[]'], ['false_positives', '""'], ['runbook', 'Ask somebody.'],
    ['params', '{ margin: { type: integer, description: m } }'], ['params', '{ margin: { type: integer, default: a lot, description: m } }'],
  ])('with %s: %s is refused, naming the field', (field, value) => {
    expect(parseHeader(yaml({ ...whole, [field]: value }), detectionHeaderSchema).faults.join('\n')).toContain(`header field ${field}`);
  });

  test.each(['severity', 'sources', 'controls', 'false_positives', 'runbook'])('without %s is refused', (field) => {
    const { [field as keyof typeof whole]: _, ...rest } = whole;
    expect(parseHeader(yaml(rest), detectionHeaderSchema).faults.join('\n')).toContain(`header field ${field}`);
  });
});
