/** Our role in the embedded server. */
export const clusterRole = 'samovar';

/** A URL for the driver: the folder of the server's socket, our role and its password. */
export function clusterUrl(password: string, socketFolder: string): string {
  return `postgres://${clusterRole}:${password}@/postgres?host=${encodeURIComponent(socketFolder)}`;
}
