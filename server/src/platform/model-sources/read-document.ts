import { faultOfAnswer } from './answer-fault.ts';
import type { SourceAnswer } from './source-http.ts';

/** Reads the whole of a small answer; rejects when it is larger than `limitBytes`, or no success. */
export async function readDocument(answer: SourceAnswer, limitBytes: number): Promise<Buffer> {
  if (answer.status < 200 || answer.status > 399) throw faultOfAnswer(answer);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes)
      throw new Error(`${new URL(answer.url).host} sent more than the ${limitBytes} bytes that fit here`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads a JSON object. */
export async function readJsonObject(
  answer: SourceAnswer,
  limitBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readDocument(answer, limitBytes);
  return jsonObject(bytes, new URL(answer.url).host);
}

/** Parses a JSON object; `from` names where it came from in the error. */
export function jsonObject(bytes: Buffer, from: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error(`${from} sent something else than JSON`);
  }
  if (!isRecord(value)) throw new Error(`${from} sent something else than a JSON object`);
  return value;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
