import { errorCode } from './protocol.ts';

/** What a peer did wrong to the whole connection, which ends with this code (RFC 9113, section 5.4.1). */
export class ConnectionFault extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** What a peer did wrong on one stream, which is reset with this code (RFC 9113, section 5.4.2). */
export class StreamFault extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** PROTOCOL_ERROR, for what a connection may not bring. */
export function protocolError(what: string): ConnectionFault {
  return new ConnectionFault(errorCode.protocolError, what);
}
