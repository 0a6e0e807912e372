import { createTestModelSource } from './model-source.ts';

/**
 * Downloads all files of a source and may be killed at any moment. Arguments: the hub's endpoint, the source, the
 * target. Prints the bytes that are there, a line each time.
 */
const [, , endpoint = '', uri = '', target = ''] = process.argv;
const source = await createTestModelSource({
  hub: { endpoint, token: null },
  limits: { partBytes: () => 1024 * 1024, noteEveryMs: 20 },
});
const signal = AbortSignal.timeout(60_000);
const resolved = await source.resolve(uri, signal);
for (const file of resolved.files) {
  const onProgress = (bytes: number) => process.stdout.write(`${bytes}\n`);
  const fetched = await source.fetch(resolved, file, target, { signal, onProgress });
  process.stdout.write(`${fetched.sha256}\n`);
}
await source.end();
