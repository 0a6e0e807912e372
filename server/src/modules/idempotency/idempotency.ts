import type { Clock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Database, DatabaseTransaction } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Sealing } from '../../kernel/ports/sealing.ts';
import type { Scope } from '../../kernel/principal.ts';
import {
  deleteLease,
  findRecord,
  insertLease,
  type KeyPlace,
  type Lease,
  storeAnswer,
  takeOver,
} from './idempotency-store.ts';

/** An answer that can be given again: kept as JSON, sealed. */
export interface RepeatableAnswer {
  readonly status: number;
  readonly body: object | string | null;
}

export interface RepeatableRequest {
  readonly scope: Scope;
  /** `Idempotency-Key`, 1 to 255 characters; unique per project. */
  readonly key: string;
  readonly routeId: string;
  /** SHA-256 of whatever makes requests different: path parameters, query and body. */
  readonly requestHash: Buffer;
}

/**
 * Keeps the answer in the transaction that makes the change, so that both exist or neither does. An action that does
 * not call it has its answer kept afterwards: a process killed in between lets a retry do the work again.
 */
export type Remember = (transaction: DatabaseTransaction, answer: RepeatableAnswer) => Promise<void>;

export interface Idempotency {
  /**
   * Carries out the action unless a request with this key has been answered, whose answer is then returned. Throws
   * `request.idempotency_mismatch` when the key came with another request, `request.idempotency_in_progress` while
   * the first one runs. What the action throws is thrown, and the key is free again.
   */
  run(
    request: RepeatableRequest,
    action: (remember: Remember) => Promise<RepeatableAnswer>,
  ): Promise<{ readonly answer: RepeatableAnswer; readonly replayed: boolean }>;
}

export interface IdempotencyOptions {
  readonly database: Database;
  readonly sealing: Sealing;
  readonly clock: Clock;
  readonly log: Log;
}

/** A request that took longer than this is given up: a retry may take it over. */
const leaseMs = 60_000;
const keptMs = 24 * 3_600_000;

/** First answers to creating calls, given again when a client repeats the call. */
export function createIdempotency({ database, sealing, clock, log }: IdempotencyOptions): Idempotency {
  function newLease(request: RepeatableRequest): Lease {
    return {
      routeId: request.routeId,
      requestSha256: request.requestHash,
      leaseToken: newId(),
      leaseExpiresAt: new Date(clock.now() + leaseMs),
      expiresAt: new Date(clock.now() + keptMs),
    };
  }

  /** The answer given before, or `null` when the lease is now ours. */
  async function claim(request: RepeatableRequest, lease: Lease): Promise<RepeatableAnswer | null> {
    const place = placeOf(request);
    if (await insertLease(database, place, lease)) return null;
    const found = await findRecord(database, place);
    // Gone meanwhile: the first request came to nothing, and this one may try.
    if (!found) return await claim(request, lease);
    const now = clock.now();
    if (found.expiresAt.getTime() > now) {
      if (found.routeId !== request.routeId || !found.requestSha256.equals(request.requestHash))
        throw new SamovarError('request.idempotency_mismatch');
      if (found.sealedAnswer) return open(found.sealedAnswer, place);
      if (found.leaseExpiresAt.getTime() > now)
        throw new SamovarError('request.idempotency_in_progress', { retryAfterSeconds: 1 });
    }
    if (await takeOver(database, place, found.leaseToken, lease)) return null;
    throw new SamovarError('request.idempotency_in_progress', { retryAfterSeconds: 1 });
  }

  function open(sealed: Buffer, place: KeyPlace): RepeatableAnswer {
    return JSON.parse(sealing.open(sealed, sealingContext(place)).toString('utf8')) as RepeatableAnswer;
  }

  async function keep(
    target: Database | DatabaseTransaction,
    place: KeyPlace,
    token: string,
    answer: RepeatableAnswer,
  ): Promise<void> {
    const sealed = sealing.seal(Buffer.from(JSON.stringify(answer), 'utf8'), sealingContext(place));
    if (!(await storeAnswer(target, place, token, sealed)))
      throw new SamovarError('request.idempotency_in_progress', { retryAfterSeconds: 1 });
  }

  return {
    async run(request, action) {
      if (request.key.length < 1 || request.key.length > 255)
        throw new SamovarError('request.invalid', {
          params: { parameter: 'Idempotency-Key', reason: 'it must have 1 to 255 characters' },
          field: 'Idempotency-Key',
        });
      const place = placeOf(request);
      const lease = newLease(request);
      const given = await claim(request, lease);
      if (given) return { answer: given, replayed: true };
      let remembered = false;
      try {
        const answer = await action(async (transaction, soFar) => {
          await keep(transaction, place, lease.leaseToken, soFar);
          remembered = true;
        });
        if (!remembered) await keep(database, place, lease.leaseToken, answer);
        return { answer, replayed: false };
      } catch (error) {
        await deleteLease(database, place, lease.leaseToken).catch((failure: unknown) =>
          log.warn(
            { error: failure, routeId: request.routeId },
            'An Idempotency-Key could not be freed; it is when its lease ends',
          ),
        );
        throw error;
      }
    },
  };
}

function placeOf(request: RepeatableRequest): KeyPlace {
  return { scope: request.scope, key: request.key };
}

function sealingContext(place: KeyPlace): string {
  return `idempotency:${place.scope.projectId}:${place.key}`;
}
