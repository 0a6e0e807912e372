import { createServer } from 'node:net';
import { SamovarError } from '../../kernel/errors.ts';

const portSetting = '`--port` or SAMOVAR_PORT';
const grpcPortSetting = '`--grpc-port` or SAMOVAR_GRPC_PORT';

export interface ClaimedPorts {
  readonly port: number;
  readonly grpcPort: number;
}

/** Both ports of an api process, proven to be free. Throws what `claimPort` throws. */
export async function claimPorts(settings: {
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
}): Promise<ClaimedPorts> {
  const { host } = settings;
  const port = await claimPort(host, settings.port, portSetting);
  if (settings.grpcPort === port)
    throw new SamovarError('setup.port_in_use', { params: { host, port, setting: grpcPortSetting } });
  let grpcPort = port;
  // A free port may be given twice: the first is not held.
  while (grpcPort === port) grpcPort = await claimPort(host, settings.grpcPort, grpcPortSetting);
  return { port, grpcPort };
}

/**
 * Proves that the address can be listened on and returns its port (a free one for 0), so that a used port is told
 * before anything heavy begins; `setting` is the one that names it. Throws `setup.port_in_use` or `setup.port_unusable`.
 */
async function claimPort(host: string, port: number, setting: string): Promise<number> {
  const server = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EADDRINUSE')
      throw new SamovarError('setup.port_in_use', { params: { host, port, setting } });
    const reason = error instanceof Error ? error.message : String(error);
    throw new SamovarError('setup.port_unusable', { params: { host, port, reason }, cause: error });
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
