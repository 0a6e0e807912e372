import { SamovarError } from '../../kernel/errors.ts';

/** No honest event comes near it; it bounds what one request keeps in memory. */
export const eventLimitBytes = 8 * 1024 * 1024;

/** `engine.failed` when more of one event is pending than is allowed. */
export function refuseLargeEvent(pendingBytes: number): void {
  if (pendingBytes > eventLimitBytes)
    throw new SamovarError('engine.failed', {
      cause: new Error(`one event of the stream is larger than ${eventLimitBytes} bytes`),
    });
}
