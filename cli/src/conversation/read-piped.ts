import { fstatSync } from 'node:fs';

/**
 * The text on the standard input, to its end. With a patience: `null` when nothing has come by then, neither text
 * nor an end, from what is no file (many programs hand their children a pipe that nobody ever writes to).
 */
export async function readPiped(patienceMs: number | null): Promise<string | null> {
  const stream = process.stdin;
  const chunks: Buffer[] = [];
  return await new Promise((resolve, reject) => {
    const timer =
      patienceMs === null || fstatSync(0).isFile()
        ? undefined
        : setTimeout(() => {
            // Closed, or it would keep this process from ending.
            stream.destroy();
            resolve(null);
          }, patienceMs);
    stream.on('data', (chunk: Buffer) => {
      clearTimeout(timer);
      chunks.push(chunk);
    });
    stream.once('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    stream.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
