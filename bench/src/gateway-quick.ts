import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { processorMicroseconds } from './gateway/processor-time.ts';
import { runWrk } from './gateway/run-wrk.ts';
import { question, wholeAnswer } from './gateway/sample-answers.ts';
import { freePort, startApiProcess } from './gateway/start-api-process.ts';
import { startNginxProxy, startNullWorker } from './gateway/start-nginx.ts';

const folder = await mkdtemp('/tmp/gateway/q-');
await chmod(folder, 0o755);
const sock = join(folder, 'w.sock');
const p0 = await freePort();
const nul = await startNullWorker(join(folder, 'null'), sock, p0, wholeAnswer);
const port = await freePort();
const ng = await startNginxProxy(join(folder, 'px'), port, sock);
const api = await startApiProcess(sock, (process.argv[2] ?? 'pass-through') as never);
const targets = [
  { n: 'api', pid: api.pid, url: api.url, key: api.key },
  { n: 'nginx', pid: ng.workerPid, url: `http://127.0.0.1:${port}`, key: 'x' },
];
for (let i = 0; i < 4; i++)
  for (const t of targets) {
    const b = processorMicroseconds(t.pid);
    const r = await runWrk({
      url: t.url + '/v1/chat/completions',
      key: t.key,
      connections: 32,
      seconds: 2,
      body: question(),
      script: join(folder, 'l.lua'),
    });
    console.log(
      t.n,
      ((processorMicroseconds(t.pid) - b) / r.requests).toFixed(1),
      r.requests,
      r.p50Ms,
      r.p99Ms,
    );
  }
await api.stop();
await ng.stop();
await nul.stop();
process.exit(0);
