import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import type { ManagementReply } from '../../../kernel/ports/http-routes.ts';
import type { JobSender } from '../../../kernel/ports/job-queue.ts';
import { type AuditContext, auditContextOf } from '../../../modules/audit/index.ts';
import { type AliasDependencies, getAlias, type ListedAlias } from '../../../modules/registry/index.ts';
import type { ConsoleRequest } from '../console-route.ts';
import { aliasObjectOf } from './alias-object.ts';

export type AliasApi = AliasDependencies & { readonly jobs: JobSender };

/** What the routes of one alias have in common. */
export const aliasTag = 'Aliases';
export const aliasPath = '/api/aliases/{alias+}';
export const aliasParams = Type.Object({
  alias: Type.String({
    description:
      'Any printable name, percent-encoded; may hold one `/branch` and one `@suffix`. A branch that is called like an action needs its slash as `%2F`.',
    minLength: 1,
  }),
});
/** Of what is done with one: its name is one segment of the address. */
export const actionParams = Type.Object({
  name: Type.String({ description: 'Percent-encoded, also the slash of a branch: `%2F`.', minLength: 1 }),
});

/** Makes a move of an own alias and shows it. What the organization has is moved by who may share. */
export async function moved(
  api: AliasApi,
  request: ConsoleRequest,
  name: string,
  move: (api: AliasApi, context: AuditContext) => Promise<unknown>,
): Promise<ManagementReply> {
  const { principal, requestId } = request;
  await move(withShareCheck(api, request), auditContextOf(principal, requestId));
  return await shown(api, request, name);
}

/** What a change of aliases needs, with a check that refuses those of the organization to a key that may not share. */
export function withShareCheck(api: AliasApi, request: ConsoleRequest): AliasApi {
  return { ...api, refuseShared: () => requireShare(request) };
}

/** The project's own alias of this name. Throws `request.not_found`. */
export async function ownAlias(api: AliasApi, request: ConsoleRequest, name: string): Promise<ListedAlias> {
  const alias = await getAlias(api.database, request.principal, name);
  if (!alias.own)
    throw new SamovarError('request.not_found', { params: { kind: 'alias', id: name.slice(0, 256) } });
  return alias;
}

export async function shown(
  { database }: AliasApi,
  { principal }: ConsoleRequest,
  name: string,
): Promise<ManagementReply> {
  return { status: 200, body: aliasObjectOf(await getAlias(database, principal, name)) };
}

/** Throws `access.forbidden`. */
export function requireShare({ principal }: ConsoleRequest): void {
  if (!principal.permissions.has('aliases.share'))
    throw new SamovarError('access.forbidden', { params: { permission: 'aliases.share' } });
}
