import { allPermissions } from '@samovar/contract/permissions';
import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { ApiKey, KeyState } from '../../../modules/iam/index.ts';
import { timeText } from '../console-route.ts';
import { pageObject } from '../page-query.ts';
import { createdKeyExample, keyExample, newKeyExample } from './key-examples.ts';

const permissionList = Type.Array(Type.Enum([...allPermissions]));
const limit = Type.Union([Type.Integer({ minimum: 1, maximum: 2_147_483_647 }), Type.Null()]);
const timeOrNull = Type.Union([Type.String(), Type.Null()]);

export const keyStates: readonly KeyState[] = ['valid', 'expired', 'revoked'];

const keyFields = {
  id: Type.String(),
  name: Type.String(),
  /** The first characters of the secret. */
  prefix: Type.String(),
  permissions: permissionList,
  limits: Type.Object(
    { requestsPerMinute: limit, tokensPerMinute: limit, parallelRequests: limit },
    { additionalProperties: false },
  ),
  state: Type.Enum([...keyStates]),
  expiresAt: timeOrNull,
  revokedAt: timeOrNull,
  createdAt: Type.String(),
  createdBy: timeOrNull,
};

export const keyObject = Type.Object(keyFields, { additionalProperties: false, examples: [keyExample] });

export const createdKeyObject = Type.Object(
  { ...keyFields, secret: Type.String({ description: 'Shown this once and kept nowhere.' }) },
  { additionalProperties: false, examples: [createdKeyExample] },
);

export const keyPage = pageObject(keyObject);

export const newKeyBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    permissions: Type.Optional(
      Type.Array(Type.Enum([...allPermissions]), {
        minItems: 1,
        description:
          'What the key may do; what an application needs when left out: inference, models, operations.',
      }),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          requestsPerMinute: Type.Optional(limit),
          tokensPerMinute: Type.Optional(limit),
          parallelRequests: Type.Optional(limit),
        },
        { additionalProperties: false },
      ),
    ),
    expiresAt: Type.Optional(timeOrNull),
  },
  { additionalProperties: false, examples: [newKeyExample] },
);

export function keyObjectOf(key: ApiKey, now: number): Type.Static<typeof keyObject> {
  return {
    id: withPrefix('key', key.keyId),
    name: key.name,
    prefix: key.prefix,
    permissions: [...key.permissions],
    limits: { ...key.limits },
    state: key.revokedAt ? 'revoked' : key.expiresAt && key.expiresAt.getTime() <= now ? 'expired' : 'valid',
    expiresAt: timeText(key.expiresAt),
    revokedAt: timeText(key.revokedAt),
    createdAt: key.createdAt.toISOString(),
    createdBy: key.createdBy === null ? null : withPrefix('key', key.createdBy),
  };
}
