import { newId } from '../../kernel/ids.ts';
import { clientRequestId } from '../http/request-id.ts';
import type { RequestHead } from '../http2/request-head.ts';
import { parseGrpcTimeout } from './grpc-timeout.ts';

/** What the headers of a call say. */
export interface CallArrival {
  readonly requestId: string;
  readonly clientRequestId: string | null;
  /** `performance.now()` */
  readonly receivedAt: number;
  /** Whole milliseconds since the epoch; `null` without one. */
  readonly deadline: number | null;
  /** The value of a `grpc-timeout` that is none. */
  readonly wrongTimeout: string | null;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What the request's messages are compressed with. */
  readonly encoding: string | undefined;
  /** Whether large answers are compressed: the client does so itself, and takes gzip. */
  readonly packs: boolean;
}

export function readArrival({ path, headers }: RequestHead): CallArrival {
  const timeout = headers['grpc-timeout'];
  const timeoutMs = timeout === undefined ? null : parseGrpcTimeout(timeout);
  const encoding = headers['grpc-encoding'];
  return {
    requestId: newId(),
    clientRequestId: clientRequestId(headers),
    receivedAt: performance.now(),
    deadline: timeoutMs === null ? null : Math.ceil(Date.now() + timeoutMs),
    wrongTimeout: timeout !== undefined && timeoutMs === null ? timeout : null,
    path,
    headers,
    encoding,
    packs:
      encoding !== undefined &&
      encoding !== 'identity' &&
      (headers['grpc-accept-encoding'] ?? '').split(',').some((name) => name.trim() === 'gzip'),
  };
}
