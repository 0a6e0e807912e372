import { SamovarError } from '../../kernel/errors.ts';

/** No honest event comes near it; it bounds what one request keeps in memory. */
export const eventLimitBytes = 8 * 1024 * 1024;

/** No honest whole answer comes near it either: 2048 embeddings of 4096 numbers are smaller. */
const answerLimitBytes = 256 * 1024 * 1024;

/** `engine.failed` when an answer that is read whole grows without end. */
export function refuseLargeAnswer(answerBytes: number): void {
  if (answerBytes > answerLimitBytes)
    throw new SamovarError('engine.failed', {
      cause: new Error(`the answer is larger than ${answerLimitBytes} bytes`),
    });
}

/** `engine.failed` when more of one event is pending than is allowed. */
export function refuseLargeEvent(pendingBytes: number): void {
  if (pendingBytes > eventLimitBytes)
    throw new SamovarError('engine.failed', {
      cause: new Error(`one event of the stream is larger than ${eventLimitBytes} bytes`),
    });
}
