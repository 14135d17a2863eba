/**
 * What the read side needs of a data folder: a published database to ask, and landing to cut evidence out of.
 */
import type { Database, SqlParameters } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';

/** One landed batch member as it was delivered, unpacked. */
export interface LandedMember {
  readonly bytes: Buffer;
  /** File name or object key. */
  readonly origin: string;
}

export interface AnswerReader {
  readonly db: Database;
  readonly landing: { readMember(batchSeq: number, member: number): Promise<LandedMember> };
}

/** All rows of `queries/answers/<name>.sql`. */
export async function answerRows<Row>(reader: Pick<AnswerReader, 'db'>, name: string, parameters?: SqlParameters): Promise<Row[]> {
  return reader.db.all<Row>(await queryText(`answers/${name}`), parameters);
}

/** The first row of `queries/answers/<name>.sql`, or undefined. */
export async function answerRow<Row>(reader: Pick<AnswerReader, 'db'>, name: string, parameters?: SqlParameters): Promise<Row | undefined> {
  return (await answerRows<Row>(reader, name, parameters))[0];
}
