import { Readable } from 'node:stream';
import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import type { BoundRoute, ManagementReply, RequestHeaders } from '../../../kernel/ports/http-routes.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import type { Upload, UploadAccess } from '../../../modules/registry/index.ts';
import { consoleErrorResponse } from '../console-error.ts';
import { consoleRoute } from '../console-route.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import { newUploadBody, uploadObject, uploadObjectOf, uploadPage, uploadStates } from './upload-schema.ts';

const tag = 'Model management';
const params = Type.Object({ id: Type.String() });
const offset = { description: 'Bytes that have come.', example: '33554432' };
const progress = {
  'Upload-Offset': offset,
  'Upload-Length': { description: 'Bytes that it shall have.', example: '98362432' },
};

/** `/api/uploads`: files that come piece by piece, to be imported as `upload:<id>`. */
export function uploadRoutes({ uploads }: { readonly uploads: UploadAccess }): BoundRoute[] {
  return [
    createRoute(uploads),
    listRoute(uploads),
    getRoute(uploads),
    appendRoute(uploads),
    deleteRoute(uploads),
  ];
}

function replyOf(status: number, upload: Upload): ManagementReply {
  return {
    status,
    headers: { 'upload-offset': String(upload.receivedBytes), 'upload-length': String(upload.sizeBytes) },
    body: uploadObjectOf(upload),
  };
}

function createRoute(uploads: UploadAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.uploads.create',
      method: 'POST',
      path: '/api/uploads',
      permission: 'models.manage',
      audit: 'upload.create',
      tag,
      summary: 'Begin to upload a file of a model',
      description:
        'Its bytes follow with `PATCH /api/uploads/{id}`, in as many parts as you like. Where a connection breaks, ask for `receivedBytes` and go on there, at any replica.',
      body: newUploadBody,
      responses: {
        201: { description: 'The upload, without a byte yet.', schema: uploadObject, headers: progress },
        507: consoleErrorResponse(507, 'The object store has no room for the file.'),
      },
      idempotent: true,
    },
    async ({ principal, requestId, body, remember }) => {
      const { name, sizeBytes, sha256 } = body as Type.Static<typeof newUploadBody>;
      const upload = await uploads.create(
        auditContextOf(principal, requestId),
        { name, sizeBytes, sha256: sha256 ?? null },
        remember && ((transaction, made) => remember(transaction, replyOf(201, made))),
      );
      return replyOf(201, upload);
    },
  );
}

function listRoute(uploads: UploadAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.uploads.list',
      method: 'GET',
      path: '/api/uploads',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'List uploads, newest first',
      query: pageQuery({ state: Type.Optional(Type.Enum([...uploadStates])) }),
      responses: { 200: { description: 'A page of uploads.', schema: uploadPage } },
    },
    async ({ principal, query }) => {
      const state = oneOf(uploadStates, query.state);
      const page = await uploads.list(principal, { ...(state && { state }) }, pageRequestOf(query));
      return pageReply(page, uploadObjectOf);
    },
  );
}

function getRoute(uploads: UploadAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.uploads.get',
      method: 'GET',
      path: '/api/uploads/{id}',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'How far an upload is',
      description: '`HEAD` tells it in the headers `Upload-Offset` and `Upload-Length`.',
      params,
      head: { summary: 'How far an upload is, in headers alone' },
      responses: {
        200: { description: 'The upload as it is now.', schema: uploadObject, headers: progress },
      },
    },
    async ({ principal, params: { id = '' } }) => replyOf(200, await uploads.get(principal, id)),
  );
}

function appendRoute(uploads: UploadAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.uploads.append',
      method: 'PATCH',
      path: '/api/uploads/{id}',
      permission: 'models.manage',
      audit: null,
      tag,
      summary: 'Send the next bytes of an upload',
      description:
        'The header `Upload-Offset` says where they begin: at `receivedBytes`. A request may take two minutes; what of it had come before it broke is kept. With the last byte, the SHA-256 is compared.',
      params,
      headers: {
        'Upload-Offset': {
          ...offset,
          description: 'Where the body begins: at `receivedBytes`.',
          required: true,
        },
      },
      rawBody: 'application/offset+octet-stream',
      responses: {
        200: { description: 'The upload with these bytes.', schema: uploadObject, headers: progress },
      },
    },
    async ({ principal, params: { id = '' }, headers, body }) => {
      if (!(body instanceof Readable)) throw new Error('the body of an upload is a stream');
      // What is not there is not found, whatever else is wrong.
      await uploads.get(principal, id);
      const offsetBytes = offsetOf(headers);
      return replyOf(200, await uploads.append(principal, id, { offsetBytes, body }));
    },
  );
}

function offsetOf(headers: RequestHeaders): number {
  const text = headers['upload-offset'];
  if (typeof text === 'string' && /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)))
    return Number(text);
  throw new SamovarError('request.invalid', {
    params: { parameter: 'Upload-Offset', reason: 'this header must say at which byte the body begins.' },
    field: 'Upload-Offset',
  });
}

function deleteRoute(uploads: UploadAccess): BoundRoute {
  return consoleRoute(
    {
      id: 'console.uploads.delete',
      method: 'DELETE',
      path: '/api/uploads/{id}',
      permission: 'models.manage',
      audit: 'upload.delete',
      tag,
      summary: 'Give an upload up',
      params,
      responses: { 200: { description: 'The upload as it was.', schema: uploadObject } },
    },
    async ({ principal, requestId, params: { id = '' } }) => {
      const upload = await uploads.get(principal, id);
      await uploads.delete(auditContextOf(principal, requestId), id);
      return { status: 200, body: uploadObjectOf(upload) };
    },
  );
}
