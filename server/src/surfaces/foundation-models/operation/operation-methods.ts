import { OperationService } from '@samovar/contract/generated/yandex/cloud/operation/operation_service_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import type { MessageExchange, MessageMethod } from '../../../kernel/ports/message-exchange.ts';
import type { FoundationModelsSurface } from '../foundation-models-surface.ts';
import { missingField } from '../request-error.ts';
import { ownMethod, type SurfaceMethod } from '../surface-method.ts';
import { operationMessage } from './operation-message.ts';

type Surface = Pick<FoundationModelsSurface, 'operations' | 'mapError' | 'log'>;

/** `OperationService.Get`: how far an operation is, and its result. */
export function getOperationMethod(surface: Surface): SurfaceMethod<typeof OperationService.method.get> {
  return ownMethod(surface, {
    method: {
      id: 'operation.operations.get',
      descriptor: OperationService.method.get,
      permission: 'operations.read',
      audit: null,
      summary: 'Read an operation',
    },
    async answer({ principal, request }) {
      return operationMessage(await surface.operations.get(callerOf({ principal }), idOf(request)));
    },
  });
}

/** `OperationService.Cancel`: asks for its end; one that has ended stays as it is. */
export function cancelOperationMethod(
  surface: Surface,
): SurfaceMethod<typeof OperationService.method.cancel> {
  return ownMethod(surface, {
    method: {
      id: 'operation.operations.cancel',
      descriptor: OperationService.method.cancel,
      permission: 'operations.manage',
      audit: 'operation.cancel',
      summary: 'Cancel an operation',
    },
    async answer({ principal, requestId, request }) {
      const cancelled = await surface.operations.cancel({
        principal: callerOf({ principal }),
        requestId,
        id: idOf(request),
      });
      return operationMessage(cancelled);
    },
  });
}

function callerOf({ principal }: Pick<MessageExchange<MessageMethod>, 'principal'>) {
  if (principal === null) throw new SamovarError('access.key_missing');
  return principal;
}

function idOf({ operationId }: { readonly operationId: string }): string {
  if (operationId === '') throw missingField('operationId');
  return operationId;
}
