import { create, type DescService, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { grpcCodes } from '@samovar/contract/error-entry';
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from '@samovar/contract/generated/grpc/reflection/v1/reflection_pb';
import { ServerReflection as ServerReflectionAlpha } from '@samovar/contract/generated/grpc/reflection/v1alpha/reflection_pb';
import type { ConversationMethod } from '../method-table.ts';
import { type DescriptorIndex, indexDescriptors } from './descriptor-index.ts';

type Request = MessageShape<typeof ServerReflectionRequestSchema>;
type Response = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

/**
 * Server reflection of the given services and of itself, public: in the version of today, and in the one that older
 * tools speak, whose messages have the same form.
 */
export function createReflection(
  served: readonly DescService[],
): readonly ConversationMethod<typeof ServerReflectionRequestSchema>[] {
  const index = indexDescriptors([...served, ServerReflection, ServerReflectionAlpha]);
  const { input, output, name } = ServerReflection.method.serverReflectionInfo;
  return [ServerReflection, ServerReflectionAlpha].map((service) => ({
    path: `/${service.typeName}/${name}`,
    input,
    output,
    answer: (request) =>
      create(ServerReflectionResponseSchema, {
        validHost: request.host,
        originalRequest: request,
        messageResponse: respond(index, request.messageRequest),
      }),
  }));
}

function respond(index: DescriptorIndex, asked: Request['messageRequest']): Response {
  switch (asked.case) {
    case 'listServices':
      return {
        case: 'listServicesResponse',
        value: { service: index.services.map((name) => ({ name })) },
      };
    case 'fileByFilename':
      return files(index, asked.value, asked.value);
    case 'fileContainingSymbol':
      return files(index, index.fileDeclaring(asked.value), asked.value);
    case 'allExtensionNumbersOfType':
      return index.fileDeclaring(asked.value) === null
        ? failure('NOT_FOUND', `There is no ${asked.value} here.`)
        : { case: 'allExtensionNumbersResponse', value: { baseTypeName: asked.value, extensionNumber: [] } };
    case 'fileContainingExtension':
      return failure('NOT_FOUND', `There are no extensions of ${asked.value.containingType}.`);
    default:
      return failure('INVALID_ARGUMENT', 'The request asks for nothing that is known here.');
  }
}

function files(index: DescriptorIndex, name: string | null, asked: string): Response {
  const found = name === null ? null : index.filesOf(name);
  if (found === null) return failure('NOT_FOUND', `There is no ${asked} here.`);
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: [...found] } };
}

function failure(status: 'NOT_FOUND' | 'INVALID_ARGUMENT', message: string): Response {
  return { case: 'errorResponse', value: { errorCode: grpcCodes[status], errorMessage: message } };
}
