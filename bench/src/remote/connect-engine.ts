import { setTimeout as pause } from 'node:timers/promises';
import type { ApiProcess } from '../gateway/start-api-process.ts';

/** Connects an engine to an api process under one name of ours, and waits until it is called by it. */
export async function connectEngine(
  api: ApiProcess,
  engine: { readonly name: string; readonly port: number; readonly upstream: string; readonly model: string },
): Promise<void> {
  const call = async (
    path: string,
    body?: object,
  ): Promise<{ state?: string; models?: { lane: string }[] }> => {
    const answer = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
  await call('/api/engines', {
    name: engine.name,
    baseUrl: `http://127.0.0.1:${engine.port}`,
    models: [{ upstream: engine.upstream, name: engine.model }],
    limits: { parallelRequests: 256 },
  });
  const probed = await call(`/api/engines/${engine.name}/probe`);
  if (probed.state !== 'healthy') throw new Error(`${engine.name} is ${JSON.stringify(probed)}`);
  // The data path reads changes twice a second.
  await pause(1000);
}
