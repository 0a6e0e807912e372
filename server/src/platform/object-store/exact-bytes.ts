import { Readable } from 'node:stream';

/** The same bytes as a stream that fails at its end unless there were exactly `sizeBytes` of them. */
export function exactBytes(body: Readable | Buffer, sizeBytes: number): Readable {
  const source = Buffer.isBuffer(body) ? [body] : (body as AsyncIterable<Buffer>);
  return Readable.from(counted(source, sizeBytes), { objectMode: false });
}

async function* counted(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  sizeBytes: number,
): AsyncGenerator<Buffer> {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.length;
    if (seen > sizeBytes) throw new Error(`the object is larger than the announced ${sizeBytes} bytes`);
    yield chunk;
  }
  if (seen !== sizeBytes) throw new Error(`the object has ${seen} of the announced ${sizeBytes} bytes`);
}
