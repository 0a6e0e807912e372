import type { Server } from 'node:net';
import { SamovarError } from '../../kernel/errors.ts';

/**
 * Listens, and says where; `setting` is the one that names the port. Throws `setup.port_in_use`, or
 * `setup.setting_invalid` for an address that cannot be.
 */
export function listen(
  server: Server,
  host: string,
  port: number,
  setting = 'SAMOVAR_PORT',
): Promise<{ readonly host: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, setting)));
    server.listen({ host, port, backlog: 1024 }, () => {
      server.removeAllListeners('error');
      const address = server.address();
      resolve(
        address !== null && typeof address === 'object' ? { host, port: address.port } : { host, port },
      );
    });
  });
}

function listenError(
  cause: NodeJS.ErrnoException,
  host: string,
  port: number,
  setting: string,
): SamovarError {
  if (cause.code === 'EADDRINUSE')
    return new SamovarError('setup.port_in_use', { params: { host, port, setting }, cause });
  const [name, reason] =
    cause.code === 'EACCES'
      ? [setting, `this user may not listen on port ${port}`]
      : ['SAMOVAR_HOST', `${host}: ${cause.message}`];
  return new SamovarError('setup.setting_invalid', {
    params: { name, source: 'the settings', reason },
    cause,
  });
}
