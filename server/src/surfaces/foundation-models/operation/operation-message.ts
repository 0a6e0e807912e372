import { create } from '@bufbuild/protobuf';
import { anyPack, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { grpcCodes } from '@samovar/contract/error-entry';
import { errorCatalogue } from '@samovar/contract/errors';
import { StatusSchema } from '@samovar/contract/generated/google/rpc/status_pb';
import { CompletionResponseSchema } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import {
  type Operation as OperationMessage,
  OperationSchema,
} from '@samovar/contract/generated/yandex/cloud/operation/operation_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Operation, OperationFailure } from '../../../modules/operations/index.ts';
import { readCompletionResult } from '../completion/read-completion-result.ts';

/** An operation as clients of this API see it. One that has ended has exactly one of a response and an error. */
export function operationMessage(operation: Operation): OperationMessage {
  const result = resultOf(operation);
  return create(OperationSchema, {
    id: withPrefix('op', operation.id),
    description: operation.description,
    createdAt: timestampFromDate(operation.createdAt),
    createdBy: withPrefix('key', operation.createdBy),
    modifiedAt: timestampFromDate(operation.modifiedAt),
    done: result.case !== undefined,
    result,
  });
}

function resultOf({ response, failure }: Operation): OperationMessage['result'] {
  if (failure !== null) return { case: 'error', value: statusOf(failure) };
  if (response === null) return { case: undefined };
  try {
    return {
      case: 'response',
      value: anyPack(CompletionResponseSchema, readCompletionResult(response)),
    };
  } catch (thrown) {
    // An answer that this API cannot carry ends the waiting for it all the same.
    if (thrown instanceof SamovarError) return { case: 'error', value: statusOf(thrown) };
    throw thrown;
  }
}

function statusOf({ code, message }: Pick<OperationFailure, 'code' | 'message'>) {
  return create(StatusSchema, { code: grpcCodes[errorCatalogue[code].grpcStatus], message });
}
