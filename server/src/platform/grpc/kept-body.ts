import type { CallBody, GrpcCall } from './grpc-call.ts';

/**
 * What comes of a request while it is not known yet whether it is read: no more than the window of its stream, which is
 * paused meanwhile.
 */
export class KeptBody implements CallBody {
  readonly #call: GrpcCall;
  #chunks: Buffer[] | null = [];
  #finished = false;

  constructor(call: GrpcCall) {
    this.#call = call;
    call.stream.pause();
    call.reads(this);
  }

  take(chunk: Buffer): void {
    this.#chunks?.push(chunk);
  }

  finish(): void {
    this.#finished = true;
  }

  closed(): void {
    this.#chunks = null;
  }

  /** Hands everything to what reads the call by now; to nothing when that is still this. */
  handOn(): void {
    const chunks = this.#chunks ?? [];
    this.#chunks = null;
    this.#call.stream.resume();
    for (const chunk of chunks) this.#call.data(chunk);
    if (this.#finished) this.#call.ended();
  }
}
