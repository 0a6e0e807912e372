import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Core, startChild } from './start-child.ts';

export interface Nginx {
  /** The process that does the work. */
  readonly workerPid: number;
  stop(): Promise<void>;
}

/** A plain reverse proxy with keep-alive to a Unix socket, as little as nginx can do. */
export function startNginxProxy(folder: string, port: number, socketPath: string): Promise<Nginx> {
  return startNginx(
    folder,
    'measured',
    `upstream worker { server unix:${socketPath}; keepalive 512; keepalive_requests 1000000; }
     server {
       listen 127.0.0.1:${port} backlog=1024;
       keepalive_requests 1000000;
       location / {
         proxy_pass http://worker; proxy_http_version 1.1; proxy_set_header Connection "";
         proxy_buffering off; proxy_read_timeout 600s;
       }
     }`,
  );
}

/** A worker that thinks nothing: one fixed answer, on a Unix socket and, to be called directly, on a port. */
export function startNullWorker(
  folder: string,
  socketPath: string,
  port: number,
  answer: string,
): Promise<Nginx> {
  return startNginx(
    folder,
    'other',
    `server {
       listen unix:${socketPath}; listen 127.0.0.1:${port}; keepalive_requests 1000000;
       location / { default_type application/json; ${returning(answer)} }
     }`,
  );
}

/** A parameter of nginx is shorter than 4 KiB: longer answers are put together. */
const partCharacters = 3000;

function returning(answer: string): string {
  const parts: string[] = [];
  for (let at = 0; at < answer.length; at += partCharacters)
    parts.push(answer.slice(at, at + partCharacters));
  if (parts.length === 1) return `return 200 '${answer}';`;
  const names = parts.map((_, index) => `$part${index}`);
  return `${parts.map((part, index) => `set ${names[index]} '${part}';`).join(' ')} return 200 "${names.join('')}";`;
}

async function startNginx(folder: string, core: Core, servers: string): Promise<Nginx> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  await writeFile(
    config,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log error;
     events { worker_connections 4096; }
     http { access_log off; ${temporary} ${servers} }`,
  );
  const master = startChild(core, 'nginx', ['-p', folder, '-c', config]);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const workerPid = firstChildOf(master.pid);
    if (workerPid !== null) return { workerPid, stop: () => master.stop() };
    await sleep(50);
  }
  throw new Error(`nginx did not start: ${readFileSync(join(folder, 'error.log'), 'utf8')}`);
}

function firstChildOf(pid: number): number | null {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? null : Number(children.split(' ')[0]);
}
