import { faultOfAnswer } from '../answer-fault.ts';
import { readJsonObject } from '../read-document.ts';
import type { SourceAnswer, SourceHttp } from '../source-http.ts';
import type { RegistryCredentials } from './registry-credentials.ts';

export interface RegistryTokens {
  /** The header `authorization` for a repository, as far as it is known that one is needed. */
  current(repository: string, signal: AbortSignal): Promise<string | null>;
  /** Does what a 401 asks for; `false` when nothing can be done. */
  answerChallenge(repository: string, answer: SourceAnswer, signal: AbortSignal): Promise<boolean>;
}

interface Grant {
  readonly authorization: string;
  readonly untilMs: number;
  /** How to get another one; `null` for one that does not run out. */
  readonly challenge: Challenge | null;
}

interface Challenge {
  readonly realm: string;
  readonly service: string | null;
  readonly scope: string;
}

const documentBytes = 1024 * 1024;
/** What the specification says of tokens that do not tell. */
const usualSeconds = 60;

/** Authorization for the repositories of one registry, by its challenges: a token service, or basic credentials. */
export function createRegistryTokens(
  http: SourceHttp,
  credentials: () => Promise<RegistryCredentials | null>,
): RegistryTokens {
  const grants = new Map<string, Grant>();

  async function basic(): Promise<string | null> {
    const known = await credentials();
    return known === null
      ? null
      : `Basic ${Buffer.from(`${known.user}:${known.password}`).toString('base64')}`;
  }

  /** `null` when the service gives none. */
  async function fetchToken(challenge: Challenge, signal: AbortSignal): Promise<Grant | null> {
    const url = new URL(challenge.realm);
    if (challenge.service !== null) url.searchParams.set('service', challenge.service);
    url.searchParams.set('scope', challenge.scope);
    const answer = await http.request({ url: url.href, authorization: await basic(), signal });
    if (answer.status === 401 || answer.status === 403) {
      answer.discard();
      return null;
    }
    if (answer.status !== 200) throw faultOfAnswer(answer);
    const document = await readJsonObject(answer, documentBytes);
    const token = document.token ?? document.access_token;
    if (typeof token !== 'string' || token === '') throw new Error(`${url.host} gave no token`);
    const seconds = typeof document.expires_in === 'number' ? document.expires_in : usualSeconds;
    return {
      authorization: `Bearer ${token}`,
      // A little early, for what is on its way.
      untilMs: performance.now() + Math.max(5, seconds * 0.8) * 1000,
      challenge,
    };
  }

  return {
    async current(repository, signal) {
      const grant = grants.get(repository);
      if (grant === undefined) return null;
      if (performance.now() < grant.untilMs || grant.challenge === null) return grant.authorization;
      const next = await fetchToken(grant.challenge, signal);
      if (next === null) grants.delete(repository);
      else grants.set(repository, next);
      return next?.authorization ?? null;
    },
    async answerChallenge(repository, answer, signal) {
      const asked = answer.header('www-authenticate') ?? '';
      const challenge = bearerChallenge(asked, answer.url, repository);
      if (challenge !== null) {
        const grant = await fetchToken(challenge, signal);
        if (grant !== null) grants.set(repository, grant);
        return grant !== null;
      }
      const authorization = /^basic\b/i.test(asked) ? await basic() : null;
      if (authorization === null || grants.get(repository)?.authorization === authorization) return false;
      grants.set(repository, { authorization, untilMs: Number.POSITIVE_INFINITY, challenge: null });
      return true;
    },
  };
}

function bearerChallenge(asked: string, from: string, repository: string): Challenge | null {
  if (!/^bearer\b/i.test(asked)) return null;
  const parameter = (name: string) => new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(asked)?.[1] ?? null;
  const realm = parameter('realm');
  if (realm === null || !URL.canParse(realm)) return null;
  // Credentials must not leave unencrypted where the registry itself is encrypted.
  if (new URL(realm).protocol !== 'https:' && new URL(from).protocol === 'https:') return null;
  return {
    realm,
    service: parameter('service'),
    scope: parameter('scope') ?? `repository:${repository}:pull`,
  };
}
