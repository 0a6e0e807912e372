import type { ClaimedRequest } from './claimed-request.ts';
import type { WaitingPair } from './lease-store.ts';

/** What this process holds of one version's requests. */
export class VersionLane {
  readonly versionId: string;
  /** How its requests name it. */
  pairs: readonly WaitingPair[] = [];
  /** Of all its ready workers together. */
  slots = 0;
  /** How many may run here. */
  permits = 0;
  /** More may wait in the queue than were taken last. */
  more = false;
  readonly running = new Set<ClaimedRequest>();
  readonly #atHand: ClaimedRequest[] = [];

  constructor(versionId: string) {
    this.versionId = versionId;
  }

  get held(): number {
    return this.running.size + this.#atHand.length;
  }

  /** So many are kept at hand that no slot is idle while the database is asked, short answers on a busy machine too. */
  get prefetch(): number {
    return 2 * this.slots + 4;
  }

  /** Whether it is time to claim more: half of what is kept at hand is used up. */
  get wantsMore(): boolean {
    return this.#atHand.length <= this.prefetch / 2;
  }

  /** What is at hand cannot begin here: other processes have all slots, and nothing that ends here makes room. */
  get stranded(): boolean {
    return this.#atHand.length > 0 && this.permits === 0 && this.running.size === 0;
  }

  /** More could begin here if other processes left their slots. */
  get isShort(): boolean {
    return this.#atHand.length > 0 && this.permits < this.slots;
  }

  add(requests: readonly ClaimedRequest[]): void {
    this.#atHand.push(...requests);
  }

  /** The next request that may run now. */
  next(): ClaimedRequest | null {
    if (this.running.size >= this.permits) return null;
    return this.#atHand.shift() ?? null;
  }

  /** Takes a request away that has not begun; false when it is not here. */
  remove(request: ClaimedRequest): boolean {
    const index = this.#atHand.indexOf(request);
    if (index !== -1) this.#atHand.splice(index, 1);
    return index !== -1;
  }

  /** Everything that has not begun. */
  empty(): ClaimedRequest[] {
    return this.#atHand.splice(0);
  }
}
