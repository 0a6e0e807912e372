import { SamovarError } from '../../kernel/errors.ts';
import type { AnswerReader, AnswerTarget, OpenReader } from './answer-reader.ts';
import { refuseLargeAnswer } from './event-limit.ts';
import type { TokenCounts } from './inference-request.ts';
import { type JsonObject, parseObject } from './json-object.ts';
import { readUsage, readUsageFromTail } from './read-usage.ts';

export interface WholeAnswerOptions {
  readonly form: 'bytes' | 'objects';
  /** Puts the answer into the published shape. Absent where the worker's shapes are right. */
  readonly reshape?: (answer: JsonObject) => JsonObject | null;
  /** The counts of an answer that tells none; absent: they are estimated. */
  readonly countsOfSilent?: TokenCounts;
}

/** Reads an answer that is one JSON object; where nobody needs the object it is never parsed. */
export function createWholeAnswer(target: AnswerTarget, options: WholeAnswerOptions): AnswerReader {
  const reader: OpenReader = { complete: false, failure: null, counts: null, events: 0, chunk, end };
  const chunks: Buffer[] = [];
  let sizeBytes = 0;

  function finish(body: Buffer): void {
    if (options.form === 'bytes' && !options.reshape) {
      reader.counts = readUsageFromTail(body) ?? options.countsOfSilent ?? null;
      reader.complete = true;
      target.bytes(body);
      return;
    }
    const parsed = parseObject(body.toString('utf8'));
    const answer = parsed && options.reshape ? options.reshape(parsed) : parsed;
    if (answer === null) {
      reader.failure = new SamovarError('engine.failed', {
        cause: new Error('the answer is not what it should be'),
      });
      return;
    }
    reader.counts = readUsage(answer.usage) ?? options.countsOfSilent ?? null;
    reader.complete = true;
    if (options.form === 'objects') target.object(answer);
    else target.bytes(Buffer.from(JSON.stringify(answer)));
  }

  function chunk(bytes: Buffer): boolean {
    sizeBytes += bytes.length;
    refuseLargeAnswer(sizeBytes);
    chunks.push(bytes);
    return true;
  }

  function end(): void {
    const [first] = chunks;
    finish(chunks.length === 1 && first ? first : Buffer.concat(chunks));
  }

  return reader;
}
