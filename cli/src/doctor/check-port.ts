import { createServer } from 'node:net';
import { runningSupervisor } from '../running-server.ts';
import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

/** Whether the port can be listened on, or is ours already. */
export async function checkPort({ values }: CliSettings): Promise<Finding> {
  const where = `${values.host}:${values.port}`;
  const running = runningSupervisor(values.data);
  if (running) return fine('Port', `Samovar runs at ${running.url}`);
  const server = createServer();
  const failure = await new Promise<Error | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host: values.host, port: values.port, exclusive: true }, () => resolve(null));
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (failure === null) return fine('Port', `${where} is free`);
  return {
    name: 'Port',
    state: 'fail',
    detail: `${where} cannot be used: ${failure.message}`,
    remedy: 'Stop the program that uses it, or choose another with SAMOVAR_PORT.',
  };
}
