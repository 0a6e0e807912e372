import { readFileSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { runWrk } from './gateway/run-wrk.ts';
import { question, wholeAnswer } from './gateway/sample-answers.ts';
import { freePort, startApiProcess } from './gateway/start-api-process.ts';
import { startChild } from './gateway/start-child.ts';
import { startNginxProxy, startNullWorker } from './gateway/start-nginx.ts';

const us = (pid: number) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const a = f.slice(f.lastIndexOf(')') + 2).split(' ');
  return [Number(a[11]) * 1e4, Number(a[12]) * 1e4];
};
const folder = await mkdtemp('/tmp/gateway/q-');
await chmod(folder, 0o755);
const sock = join(folder, 'w.sock');
const p0 = await freePort();
const nul = await startNullWorker(join(folder, 'null'), sock, p0, wholeAnswer);
const port = await freePort();
const ng = await startNginxProxy(join(folder, 'px'), port, sock);
const mp = await freePort();
const mini = startChild('measured', process.execPath, ['/tmp/gateway/mini.mjs', sock, String(mp)]);
await new Promise((r) => mini.process.once('message', r));
const api = await startApiProcess(sock, (process.argv[2] ?? 'pass-through') as never);
const targets = [
  { n: 'api', pid: api.pid, url: api.url, key: api.key },
  { n: 'mini', pid: mini.pid, url: `http://127.0.0.1:${mp}`, key: 'x' },
  { n: 'nginx', pid: ng.workerPid, url: `http://127.0.0.1:${port}`, key: 'x' },
];
for (let i = 0; i < 4; i++)
  for (const t of targets) {
    const b = us(t.pid);
    const r = await runWrk({
      url: t.url + '/v1/chat/completions',
      key: t.key,
      connections: 32,
      seconds: i === 0 ? 6 : 2,
      body: question(),
      script: join(folder, 'l.lua'),
    });
    const e = us(t.pid);
    console.log(
      t.n,
      'user',
      ((e[0]! - b[0]!) / r.requests).toFixed(1),
      'sys',
      ((e[1]! - b[1]!) / r.requests).toFixed(1),
      r.requests,
      r.p50Ms,
      r.p99Ms,
    );
  }
await api.stop();
await ng.stop();
await nul.stop();
await mini.stop();
process.exit(0);
