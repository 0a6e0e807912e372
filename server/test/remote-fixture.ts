import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultScope } from '@samovar/contract/default-scope';
import { resolveSettings } from '@samovar/contract/settings/resolve-settings';
import type { ServerSettings } from '../src/config/load-settings.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { createFirstKey } from '../src/modules/iam/index.ts';
import { startProber } from '../src/modules/remote-engines/index.ts';
import { createConfigVersion } from '../src/platform/postgres/config-version.ts';
import { startApi } from '../src/roles/api/start-api.ts';
import { openRemoteEngines } from '../src/roles/open-remote-engines.ts';
import { startUpstream, type Upstream } from './openai-upstream.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { type LoggedLine, recordingLog } from './recording-log.ts';

// biome-ignore lint/suspicious/noExplicitAny: what an API answered, looked into by tests.
type Body = any;

export interface RemoteFixture {
  readonly url: string;
  /** `host:port` of gRPC. */
  readonly grpcAddress: string;
  readonly key: string;
  /** What the processes wrote, at any level. */
  readonly logged: readonly LoggedLine[];
  readonly store: TestDatabase;
  readonly settings: ServerSettings;
  readonly masterKey: Buffer;
  call(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: Body }>;
  /** Asks for chat, retrying while the model is not known to the data path yet. */
  chat(model: string, more?: object, headers?: Record<string, string>): Promise<Response>;
  /** Starts a server of somebody else, which ends with the fixture. */
  upstream(options: Parameters<typeof startUpstream>[0]): Promise<Upstream>;
  /** Connects an upstream, probes it and waits until the data path knows its models. */
  connect(name: string, upstream: Pick<Upstream, 'url'>, more?: object): Promise<Body>;
  /** Waits until the engine is in this state. */
  until(name: string, state: string): Promise<Body>;
  stop(): Promise<void>;
}

const masterKey = Buffer.alloc(32, 7);

/** An api process and a prober over a fresh database; engines are connected by the API. */
export async function startRemoteFixture(
  environment: Readonly<Record<string, string>> = {},
): Promise<RemoteFixture> {
  const store = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'samovar-remote-'));
  const upstreams: Upstream[] = [];
  const logged: LoggedLine[] = [];
  const log = recordingLog(logged);
  let key = '';
  const iam = { database: store.database, configVersion: createConfigVersion(), clock: systemClock };
  await createFirstKey(iam, defaultScope, async (secret) => {
    key = secret;
  });
  const { values } = resolveSettings({
    flags: {},
    environment: {
      SAMOVAR_POSTGRES_URL: store.url,
      SAMOVAR_PORT: '0',
      SAMOVAR_GRPC_PORT: '0',
      SAMOVAR_MASTER_KEY: masterKey.toString('base64'),
      SAMOVAR_OUTBOUND_ALLOW: '127.0.0.1',
      ...environment,
    },
    file: {},
  });
  const settings = { ...values, data: folder };
  const api = await startApi(settings, log);
  const prober = startProber(openRemoteEngines({ settings, database: store.database, masterKey, log }));
  const request = (method: string, path: string, body?: object, more: Record<string, string> = {}) =>
    fetch(api.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more },
      ...(body && { body: JSON.stringify(body) }),
    });
  const fixture: RemoteFixture = {
    url: api.url,
    grpcAddress: `127.0.0.1:${api.grpcPort}`,
    key,
    logged,
    store,
    settings,
    masterKey,
    async call(method, path, body) {
      const answer = await request(method, path, body);
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
    },
    chat: (model, more = {}, headers = {}) =>
      request(
        'POST',
        '/v1/chat/completions',
        { model, messages: [{ role: 'user', content: 'Hi' }], ...more },
        headers,
      ),
    async upstream(options) {
      const started = await startUpstream(options);
      upstreams.push(started);
      return started;
    },
    async connect(name, upstream, more = {}) {
      const made = await fixture.call('POST', '/api/engines', { name, baseUrl: upstream.url, ...more });
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      const { body } = await fixture.call('POST', `/api/engines/${name}/probe`);
      // The data path hears of changes by a notification, and looks twice a second.
      const names = body.models.flatMap((model: Body) => (model.serving ? [model.name] : []));
      for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
        const { body: listed } = await fixture.call('GET', '/v1/models');
        const known = new Set(listed.data.map(({ id }: Body) => id));
        if (names.every((name: string) => known.has(name))) break;
        await sleep(50);
      }
      await sleep(300);
      return body;
    },
    async until(name, state) {
      for (let waitedMs = 0; ; waitedMs += 50) {
        const { body } = await fixture.call('GET', `/api/engines/${name}`);
        if (body.state === state) return body;
        if (waitedMs > 30_000) throw new Error(`${name} is ${body.state}, not ${state}: ${body.reason}`);
        await sleep(50);
      }
    },
    async stop() {
      await prober.stop(0);
      await api.stop(0);
      for (const upstream of upstreams) await upstream.die();
      await store.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return fixture;
}
