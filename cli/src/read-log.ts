import { open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as pause } from 'node:timers/promises';

const blockBytes = 64 * 1024;
const lookEveryMs = 250;

/** The last lines of a file before the byte `end`, read from there backwards. */
export async function lastLines(path: string, count: number, end: number): Promise<string[]> {
  if (count === 0) return [];
  const file = await open(path, 'r');
  try {
    let position = end;
    let tail = Buffer.alloc(0);
    while (position > 0 && linesIn(tail) <= count) {
      const size = Math.min(blockBytes, position);
      position -= size;
      const block = Buffer.alloc(size);
      await file.read(block, 0, size, position);
      tail = Buffer.concat([block, tail]);
    }
    const lines = tail.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    await file.close();
  }
}

/** Calls `onLine` for each line from the byte `start` on, through rotations (the file is emptied), without end. */
export async function followFile(
  path: string,
  start: number,
  onLine: (line: string) => void,
): Promise<never> {
  let position = start;
  let pending = '';
  // A read may end in the middle of a character.
  let decoder = new StringDecoder('utf8');
  for (;;) {
    await pause(lookEveryMs);
    const { size } = await stat(path);
    if (size < position) {
      position = 0;
      decoder = new StringDecoder('utf8');
    }
    if (size === position) continue;
    const file = await open(path, 'r');
    try {
      const block = Buffer.alloc(size - position);
      await file.read(block, 0, block.length, position);
      pending += decoder.write(block);
    } finally {
      await file.close();
    }
    position = size;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  }
}

function linesIn(block: Buffer): number {
  let count = 0;
  for (let at = block.indexOf(10); at !== -1; at = block.indexOf(10, at + 1)) count += 1;
  return count;
}
