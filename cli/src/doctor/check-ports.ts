import { createServer } from 'node:net';
import { runningSupervisor } from '../running-server.ts';
import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

/** Whether both ports can be listened on, or are ours already. */
export async function checkPorts({ values }: CliSettings): Promise<Finding[]> {
  const running = runningSupervisor(values.data);
  if (running) {
    const { url, grpcAddress } = running;
    return [
      fine('Port', `Samovar runs at ${url}`),
      ...(grpcAddress === undefined ? [] : [fine('gRPC port', `Samovar runs at ${grpcAddress}`)]),
    ];
  }
  const { host, port, grpcPort } = values;
  return [
    await checkPort('Port', { host, port, setting: 'SAMOVAR_PORT' }),
    await checkPort('gRPC port', { host, port: grpcPort, setting: 'SAMOVAR_GRPC_PORT' }),
  ];
}

async function checkPort(
  name: string,
  { host, port, setting }: { readonly host: string; readonly port: number; readonly setting: string },
): Promise<Finding> {
  const where = `${host}:${port}`;
  const server = createServer();
  const failure = await new Promise<Error | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => resolve(null));
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (failure === null) return fine(name, `${where} is free`);
  return {
    name,
    state: 'fail',
    detail: `${where} cannot be used: ${failure.message}`,
    remedy: `Stop the program that uses it, or choose another with ${setting}.`,
  };
}
