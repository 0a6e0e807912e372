import type { IncomingMessage } from 'node:http';
import { SamovarError } from '../../kernel/errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a body of at most `limitBytes` and parses it as one JSON object.
 * Throws `request.body_too_large` (reading stops there), `request.malformed_json` or `request.invalid`.
 */
export async function readJsonBody(request: IncomingMessage, limitBytes: number): Promise<JsonObject> {
  const bytes = await readBytes(request, limitBytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SamovarError('request.malformed_json', { params: { reason: 'it is not UTF-8' }, cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it cannot be parsed';
    throw new SamovarError('request.malformed_json', { params: { reason }, cause });
  }
  if (!isJsonObject(value))
    throw new SamovarError('request.malformed_json', { params: { reason: 'it is not an object' } });
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = () => new SamovarError('request.body_too_large', { params: { limitBytes } });
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}
