import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Writes a file of so many bytes and brings it onto the disk: as fast as the disk is. Prints seconds as JSON. */
const [, , target = '', size = '0'] = process.argv;
const chunk = randomBytes(8 * 1024 * 1024);
const begunAt = performance.now();
const fd = openSync(target, 'w');
for (let left = Number(size); left > 0; left -= chunk.length)
  writeSync(fd, chunk, 0, Math.min(left, chunk.length));
fsyncSync(fd);
closeSync(fd);
console.log(JSON.stringify({ seconds: (performance.now() - begunAt) / 1000 }));
