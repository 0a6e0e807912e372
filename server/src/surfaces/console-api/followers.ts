import type { Route } from '@samovar/contract/route';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/principal.ts';
import type { KeySnapshot } from '../../modules/iam/index.ts';
import { consoleErrorResponse } from './console-error.ts';

/** What routes that follow answer besides the usual. */
export const followerErrors: Route['responses'] = {
  429: consoleErrorResponse(429, 'Too many streams are being followed.'),
};

/** What a client that comes again sends to go on where it was, as far as its stream can. */
export const lastEventIdHeader: NonNullable<Route['headers']> = {
  'Last-Event-ID': {
    description: 'The id of the last event that came: what is newer follows.',
    example: '42',
  },
};

/** Streams of events that this process sends, as each asks the database every second. */
export interface Followers {
  /**
   * Takes one more until `signal` (the request's) is aborted. Returns what its stream ends with: that signal, or a key
   * that is valid no more. Throws `limit.followers`.
   */
  admit(principal: Principal, signal: AbortSignal): AbortSignal;
}

export interface FollowerOptions {
  /** The keys of now; `null` while nobody can tell, which ends no stream. */
  keys(): KeySnapshot | null;
  readonly clock?: Clock;
  readonly limits?: FollowerLimits;
}

export interface FollowerLimits {
  readonly ofProcess: number;
  /** Fewer, so that one key does not take every place. */
  readonly ofKey: number;
}

const usualLimits: FollowerLimits = { ofProcess: 256, ofKey: 64 };
/** How often it is looked whether keys are still valid. */
const lookMs = 500;

interface Follower {
  readonly keyId: string;
  readonly end: AbortController;
}

export function createFollowers({
  keys,
  clock = systemClock,
  limits = usualLimits,
}: FollowerOptions): Followers {
  const followers = new Set<Follower>();
  let timer: NodeJS.Timeout | null = null;

  function look(): void {
    const known = keys();
    if (known === null) return;
    const now = clock.now();
    const valid = new Set<string>();
    for (const { keyId, expiresAt } of known.values())
      if (expiresAt === null || expiresAt > now) valid.add(keyId);
    for (const { keyId, end } of followers) if (!valid.has(keyId)) end.abort();
  }

  function refuseTooMany(keyId: string): void {
    const own = [...followers].filter((follower) => follower.keyId === keyId).length;
    const limit =
      own >= limits.ofKey ? limits.ofKey : followers.size >= limits.ofProcess ? limits.ofProcess : null;
    if (limit !== null)
      throw new SamovarError('limit.followers', { params: { limit }, retryAfterSeconds: 5 });
  }

  return {
    admit({ keyId }, signal) {
      refuseTooMany(keyId);
      const follower = { keyId, end: new AbortController() };
      const leave = (): void => {
        followers.delete(follower);
        if (followers.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
      const either = AbortSignal.any([signal, follower.end.signal]);
      if (either.aborted) return either;
      followers.add(follower);
      timer ??= setInterval(look, lookMs);
      either.addEventListener('abort', leave, { once: true });
      return either;
    },
  };
}
