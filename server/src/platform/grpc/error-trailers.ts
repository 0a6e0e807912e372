import { StringDecoder } from 'node:string_decoder';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { grpcCodes } from '@samovar/contract/error-entry';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  HelpSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from '@samovar/contract/generated/google/rpc/error_details_pb';
import { StatusSchema } from '@samovar/contract/generated/google/rpc/status_pb';
import { errorHeaders } from '../../kernel/error-headers.ts';
import type { SamovarError } from '../../kernel/errors.ts';

/**
 * Clients take 8 KiB of metadata. Of it each byte of the message can need six (escaped, and twice in the details), of
 * the other texts three.
 */
const longestMessageBytes = 800;
const longestTextBytes = 300;
const domain = 'samovar';
/** Connected engines may ask for any time, also for one that no message can say. */
const longestWaitSeconds = 366 * 24 * 3600;

/**
 * An error as trailers: status and message, the same with machine-readable details (`google.rpc.Status`), and what it
 * carries over HTTP as headers (`retry-after`, `x-ratelimit-*`). Causes and internals stay out.
 */
export function errorTrailers(error: SamovarError, requestId: string): Record<string, string> {
  const code = grpcCodes[error.entry.grpcStatus];
  const message = cut(error.message, longestMessageBytes);
  const status = create(StatusSchema, { code, message, details: detailsOf(error, message, requestId) });
  const headers = errorHeaders(error);
  const waitSeconds = headers['retry-after'];
  return {
    ...headers,
    ...(waitSeconds === undefined ? {} : { 'grpc-retry-pushback-ms': String(Number(waitSeconds) * 1000) }),
    'grpc-status': String(code),
    'grpc-message': percentEncode(message),
    'grpc-status-details-bin': Buffer.from(toBinary(StatusSchema, status)).toString('base64'),
  };
}

function detailsOf(error: SamovarError, message: string, requestId: string): Any[] {
  const remedy = cut(error.remedy, longestTextBytes);
  const details = [
    pack(ErrorInfoSchema, {
      // The form that the published message prescribes for a reason.
      reason: error.code.toUpperCase().replaceAll('.', '_'),
      domain,
      metadata: { code: error.code, remedy },
    }),
    pack(RequestInfoSchema, { requestId }),
    pack(HelpSchema, {
      links: [{ description: remedy, url: `docs/reference/errors/${error.code}.md` }],
    }),
  ];
  if (error.field !== null)
    details.push(
      pack(BadRequestSchema, {
        fieldViolations: [{ field: cut(error.field, longestTextBytes), description: message }],
      }),
    );
  if (error.retryAfterSeconds !== null) {
    const waitSeconds = Math.min(error.retryAfterSeconds, longestWaitSeconds);
    const seconds = Math.floor(waitSeconds);
    const nanos = Math.floor((waitSeconds - seconds) * 1e9);
    details.push(pack(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds), nanos } }));
  }
  return details;
}

function pack<Schema extends DescMessage>(schema: Schema, init: MessageInitShape<Schema>): Any {
  return create(AnySchema, {
    typeUrl: `type.googleapis.com/${schema.typeName}`,
    value: toBinary(schema, create(schema, init)),
  });
}

/** The beginning of a text, in whole characters of UTF-8. */
function cut(text: string, bytes: number): string {
  const all = Buffer.from(text, 'utf8');
  return all.length <= bytes ? text : new StringDecoder('utf8').write(all.subarray(0, bytes));
}

/** The form of `grpc-message`: UTF-8, everything but printable ASCII and the percent sign itself escaped. */
export function percentEncode(text: string): string {
  if (!/[^\x20-\x24\x26-\x7e]/.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8'))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}
