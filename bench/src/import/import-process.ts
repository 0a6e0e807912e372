import { createModelSource } from '../../../server/src/platform/model-sources/create-model-source.ts';
import { createOutboundGuard } from '../../../server/src/platform/outbound-guard/outbound-guard.ts';
import { noMirrors, nowhere } from '../../../server/test/nowhere.ts';

/** Fetches `hf:maker/model` of a hub to a file as a worker does. Prints seconds and peak memory as JSON. */
const [, , endpoint = '', target = ''] = process.argv;
const source = createModelSource({
  mirrors: noMirrors,
  hub: { endpoint, token: null },
  s3: {
    endpoint: nowhere,
    region: 'us-east-1',
    credentials: null,
    pathStyle: true,
    checksums: 'when-required',
    caFile: null,
  },
  buckets: { allowed: [], own: null },
  modelFolder: null,
  registryAuthFile: null,
  guard: createOutboundGuard({ allow: [] }),
});
const signal = AbortSignal.timeout(10 * 60_000);
const archives = `${target}.archives`;
const begunAt = performance.now();
const resolved = await source.resolve('hf:maker/model', signal, { archives });
const [file] = resolved.files;
if (!file) throw new Error('the hub has no file');
const fetched = await source.fetch(resolved, file, target, { signal, archives, onProgress: () => {} });
const seconds = (performance.now() - begunAt) / 1000;
await source.close();
const usage = process.resourceUsage();
console.log(
  JSON.stringify({
    seconds,
    sha256: fetched.sha256,
    peakBytes: usage.maxRSS * 1024,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
  }),
);
