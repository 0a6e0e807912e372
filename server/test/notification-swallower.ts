import { connect, createServer, type Socket } from 'node:net';

export interface NotificationSwallower {
  readonly port: number;
  /** Notifications that no client got. */
  readonly swallowed: number;
  end(): Promise<void>;
}

/** Type byte of a NotificationResponse (PostgreSQL, "Message Formats"). */
const notification = 'A'.charCodeAt(0);

/** A proxy before a real PostgreSQL that lets everything through but notifications, as some poolers do. */
export async function startNotificationSwallower(target: {
  host: string;
  port: number;
}): Promise<NotificationSwallower> {
  const sockets = new Set<Socket>();
  let swallowed = 0;
  const server = createServer((client) => {
    const upstream = target.host.startsWith('/')
      ? connect(`${target.host}/.s.PGSQL.${target.port}`)
      : connect(target.port, target.host);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.pipe(upstream);
    let rest: Buffer = Buffer.alloc(0);
    upstream.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      // Each message: a type byte, then its length without that byte.
      while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
        const end = 1 + rest.readInt32BE(1);
        if (rest[0] === notification) swallowed += 1;
        else client.write(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    get swallowed() {
      return swallowed;
    },
    async end() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
