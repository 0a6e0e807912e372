/** Something that another try may not meet: a broken connection, a busy server, an answer cut short. */
export class PassingFault extends Error {
  /** How long the other side asks to be left alone; `null` when it does not say. */
  readonly pauseMs: number | null;

  constructor(message: string, options: { readonly pauseMs?: number | null; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.pauseMs = options.pauseMs ?? null;
  }
}

/** Whether a failure is one that passes; connections that could not be made, broke or timed out are. */
export function isPassing(error: unknown): boolean {
  if (error instanceof PassingFault) return true;
  if (error instanceof AggregateError) return error.errors.some(isPassing);
  if (!(error instanceof Error)) return false;
  if ('code' in error && passingCodes.test(String(error.code))) return true;
  return passingNames.test(error.name) || (error.cause !== undefined && isPassing(error.cause));
}

const passingCodes =
  /^(UND_ERR_(?!ABORTED|INVALID_ARG|NOT_SUPPORTED|DESTROYED|CLOSED)|ECONN|EPIPE|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EAI_AGAIN|HPE_|ERR_STREAM_PREMATURE_CLOSE)/;
/** As the S3 client calls them. */
const passingNames =
  /^(TimeoutError|RequestTimeout|NetworkingError|SlowDown|InternalError|ServiceUnavailable)$/;
