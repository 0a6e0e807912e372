import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { Principal } from '../../../kernel/principal.ts';
import { type AuditContext, auditContextOf } from '../../../modules/audit/index.ts';
import {
  acceptLicense,
  cancelImport,
  createImport,
  followImport,
  getImport,
  type ImportAccess,
  type ImportRequest,
  importIdOf,
  importStates,
  listImports,
  type NewImport,
  retryImport,
} from '../../../modules/registry/index.ts';
import { consoleRoute } from '../console-route.ts';
import { eventStream, type ServerEvent } from '../event-stream.ts';
import { type Followers, followerErrors } from '../followers.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import { importExample } from './import-examples.ts';
import { acceptedTerms, importObject, importObjectOf, importPage, newImportBody } from './import-schema.ts';

const tag = 'Model management';
const params = Type.Object({ id: Type.String() });

export interface ImportRoutes extends ImportAccess {
  readonly followers: Followers;
  /** What an entry of the catalogue means as an import. Throws `request.not_found`. */
  importOfEntry(name: string): Promise<NewImport>;
}

/** `/api/imports`: models on their way in. */
export function importRoutes(api: ImportRoutes): BoundRoute[] {
  return [
    createRoute(api),
    listRoute(api),
    getRoute(api),
    eventsRoute(api),
    acceptRoute(api),
    changeRoute(api, 'cancel', cancelImport, {
      audit: 'import.cancel',
      summary: 'Cancel an import',
      description: 'It ends at once. Files that no model uses are removed after a while.',
    }),
    changeRoute(api, 'retry', retryImport, {
      audit: 'import.retry',
      summary: 'Try a failed import again',
      description: 'It goes on with what had been fetched.',
    }),
  ];
}

function createRoute(api: ImportRoutes): BoundRoute {
  return consoleRoute(
    {
      id: 'console.imports.create',
      method: 'POST',
      path: '/api/imports',
      permission: 'models.manage',
      audit: 'import.create',
      tag,
      summary: 'Bring a model in, from anywhere',
      description:
        'Returns at once. `GET /api/imports/{id}/events` tells how it goes on. The files are looked into, never run, and what cannot be trusted is refused with a reason.',
      body: newImportBody,
      responses: { 202: { description: 'The import as it begins.', schema: importObject } },
      idempotent: true,
    },
    async ({ principal, requestId, body, remember }) => {
      const asked = await newImportOf(api, body as Type.Static<typeof newImportBody>);
      const reply = (request: ImportRequest) => ({ status: 202, body: importObjectOf(request, principal) });
      const request = await createImport(
        api,
        auditContextOf(principal, requestId),
        asked,
        remember && ((transaction, made) => remember(transaction, reply(made))),
      );
      return reply(request);
    },
  );
}

async function newImportOf(api: ImportRoutes, body: Type.Static<typeof newImportBody>): Promise<NewImport> {
  if ((body.source === undefined) === (body.catalogue === undefined))
    throw new SamovarError('request.invalid', {
      params: { parameter: 'source', reason: 'say either `source` or `catalogue`.' },
      field: 'source',
    });
  const base: NewImport =
    body.catalogue === undefined
      ? { source: body.source ?? '', wanted: {} }
      : await api.importOfEntry(body.catalogue);
  return {
    source: base.source,
    ...(base.name !== undefined && { name: base.name }),
    ...(body.name !== undefined && { name: body.name }),
    wanted: {
      ...base.wanted,
      ...(body.files !== undefined && { files: body.files }),
      ...(body.acceptLicense !== undefined && { acceptLicense: body.acceptLicense }),
      ...(body.force !== undefined && { force: body.force }),
      ...(body.quantization !== undefined && { quantization: body.quantization }),
    },
  };
}

function listRoute(api: ImportRoutes): BoundRoute {
  return consoleRoute(
    {
      id: 'console.imports.list',
      method: 'GET',
      path: '/api/imports',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'List imports, newest first',
      query: pageQuery({
        state: Type.Optional(Type.Enum([...importStates])),
        model: Type.Optional(Type.String({ description: 'The name of the model.' })),
      }),
      responses: { 200: { description: 'A page of imports.', schema: importPage } },
    },
    async ({ principal, query }) => {
      const state = oneOf(importStates, query.state);
      const { model } = query;
      const filter = { ...(state && { state }), ...(typeof model === 'string' && { model }) };
      const page = await listImports(api.database, principal, filter, pageRequestOf(query));
      return pageReply(page, (request) => importObjectOf(request, principal));
    },
  );
}

function getRoute(api: ImportRoutes): BoundRoute {
  return consoleRoute(
    {
      id: 'console.imports.get',
      method: 'GET',
      path: '/api/imports/{id}',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'Read an import',
      params,
      responses: { 200: { description: 'The import as it is now.', schema: importObject } },
    },
    async ({ principal, params: { id = '' } }) => ({
      status: 200,
      body: importObjectOf(await getImport(api.database, principal, importIdOf(id)), principal),
    }),
  );
}

function eventsRoute(api: ImportRoutes): BoundRoute {
  return consoleRoute(
    {
      id: 'console.imports.events',
      method: 'GET',
      path: '/api/imports/{id}/events',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'Follow an import',
      description:
        'Server-sent events named `import`, each with the import as `GET /api/imports/{id}` shows it: at once, after each change, and for the last time when it has ended. Their ids grow.',
      params,
      responses: {
        200: {
          description: 'The events.',
          contentType: 'text/event-stream',
          events: [
            {
              name: 'import',
              description: 'The import as it is now.',
              schema: importObject,
              example: importExample,
            },
          ],
        },
        ...followerErrors,
      },
    },
    async ({ principal, params: { id = '' }, signal }) => {
      const first = await getImport(api.database, principal, importIdOf(id));
      return eventStream(eventsOf(api, principal, first, api.followers.admit(principal, signal)));
    },
  );
}

async function* eventsOf(
  { database }: ImportRoutes,
  principal: Principal,
  first: ImportRequest,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  for await (const request of followImport(database, principal, first, signal))
    yield { id: String(request.revision), event: 'import', data: importObjectOf(request, principal) };
}

function acceptRoute(api: ImportRoutes): BoundRoute {
  return consoleRoute(
    {
      id: 'console.imports.accept-license',
      method: 'POST',
      path: '/api/imports/{id}/accept-license',
      permission: 'models.manage',
      audit: 'import.accept-license',
      tag,
      summary: 'Accept the terms of a model',
      description:
        'Recorded with your key, the time and the terms. The import goes on. With `license`, those alone are accepted: `import.terms_changed` where it asks for others by now.',
      params,
      body: acceptedTerms,
      bodyOptional: true,
      responses: { 200: { description: 'The import after this.', schema: importObject } },
    },
    async ({ principal, requestId, params: { id = '' }, body }) => {
      const { license } = body as Type.Static<typeof acceptedTerms>;
      const context = auditContextOf(principal, requestId);
      return {
        status: 200,
        body: importObjectOf(await acceptLicense(api, context, importIdOf(id), license), principal),
      };
    },
  );
}

function changeRoute(
  api: ImportRoutes,
  verb: 'cancel' | 'retry',
  change: (access: ImportAccess, context: AuditContext, id: string) => Promise<ImportRequest>,
  words: { readonly audit: string; readonly summary: string; readonly description: string },
): BoundRoute {
  return consoleRoute(
    {
      id: `console.imports.${verb}`,
      method: 'POST',
      path: `/api/imports/{id}/${verb}`,
      permission: 'models.manage',
      tag,
      ...words,
      params,
      responses: { 200: { description: 'The import after this.', schema: importObject } },
    },
    async ({ principal, requestId, params: { id = '' } }) => ({
      status: 200,
      body: importObjectOf(
        await change(api, auditContextOf(principal, requestId), importIdOf(id)),
        principal,
      ),
    }),
  );
}
