import { applicationPermissions } from '@samovar/contract/permissions';
import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix } from '../../../kernel/ids.ts';
import type { BoundRoute, ManagementReply } from '../../../kernel/ports/http-routes.ts';
import {
  type CreatedKey,
  createKey,
  type IamDependencies,
  listKeys,
  type NewKey,
  noLimits,
  revokeKey,
} from '../../../modules/iam/index.ts';
import { consoleRoute, parseTime } from '../console-route.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import { revokedKeyExample } from './key-examples.ts';
import { createdKeyObject, keyObject, keyObjectOf, keyPage, keyStates, newKeyBody } from './key-schema.ts';

/** `/api/keys`: the API keys of the caller's project. */
export function keyRoutes(iam: IamDependencies): BoundRoute[] {
  return [listRoute(iam), createRoute(iam), revokeRoute(iam)];
}

function listRoute(iam: IamDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.keys.list',
      method: 'GET',
      path: '/api/keys',
      permission: 'keys.read',
      audit: null,
      tag: 'Keys',
      summary: 'List API keys, newest first',
      query: pageQuery({ state: Type.Optional(Type.Enum([...keyStates])) }),
      responses: { 200: { description: 'A page of keys; never their secrets.', schema: keyPage } },
    },
    async ({ principal, query }) => {
      const now = iam.clock.now();
      const state = oneOf(keyStates, query.state);
      const filter = state === undefined ? {} : { state: { is: state, at: new Date(now) } };
      const page = await listKeys(iam, principal, filter, pageRequestOf(query));
      return pageReply(page, (key) => keyObjectOf(key, now));
    },
  );
}

function createRoute(iam: IamDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.keys.create',
      method: 'POST',
      path: '/api/keys',
      permission: 'keys.manage',
      audit: 'key.create',
      tag: 'Keys',
      summary: 'Create an API key',
      description:
        'The answer holds the secret, which is kept nowhere. A key gives only permissions it has itself.',
      body: newKeyBody,
      responses: { 201: { description: 'The key with its secret.', schema: createdKeyObject } },
      idempotent: true,
    },
    async ({ principal, requestId, body, remember }) => {
      const reply = (created: CreatedKey): ManagementReply => ({
        status: 201,
        body: { ...keyObjectOf(created.key, iam.clock.now()), secret: created.secret },
      });
      const created = await createKey(iam, {
        principal,
        requestId,
        key: newKeyOf(body as Type.Static<typeof newKeyBody>, iam.clock.now()),
        ...(remember && { inTransaction: (transaction, made) => remember(transaction, reply(made)) }),
      });
      return reply(created);
    },
  );
}

function newKeyOf(body: Type.Static<typeof newKeyBody>, now: number): NewKey {
  return {
    name: body.name,
    permissions: body.permissions ?? applicationPermissions,
    limits: { ...noLimits, ...body.limits },
    expiresAt: typeof body.expiresAt === 'string' ? futureTime('expiresAt', body.expiresAt, now) : null,
  };
}

/** A point in time that is still to come. Throws `request.invalid`. */
function futureTime(parameter: string, text: string, now: number): Date {
  const time = parseTime(parameter, text);
  if (time.getTime() > now) return time;
  throw new SamovarError('request.invalid', {
    params: { parameter, reason: 'it lies in the past: the key would never be valid.' },
    field: parameter,
  });
}

function revokeRoute(iam: IamDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.keys.revoke',
      method: 'DELETE',
      path: '/api/keys/{id}',
      permission: 'keys.manage',
      audit: 'key.revoke',
      tag: 'Keys',
      summary: 'Revoke an API key',
      description: 'Holds within a second on every replica. Revoking a revoked key changes nothing.',
      params: Type.Object({ id: Type.String() }),
      query: Type.Object(
        {
          force: Type.Optional(
            Type.Boolean({ description: 'Revoke even the last key that may manage keys.' }),
          ),
        },
        { additionalProperties: false },
      ),
      responses: {
        200: { description: 'The revoked key.', schema: keyObject, example: revokedKeyExample },
      },
    },
    async ({ principal, requestId, params, query }) => {
      const id = params.id ?? '';
      const keyId = withoutPrefix('key', id);
      if (keyId === null) throw new SamovarError('request.not_found', { params: { kind: 'API key', id } });
      const key = await revokeKey(iam, { principal, requestId, keyId, force: query.force === true });
      return { status: 200, body: keyObjectOf(key, iam.clock.now()) };
    },
  );
}
