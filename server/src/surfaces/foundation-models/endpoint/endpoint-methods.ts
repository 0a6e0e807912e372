import { create } from '@bufbuild/protobuf';
import { ApiEndpointSchema } from '@samovar/contract/generated/yandex/cloud/endpoint/api_endpoint_pb';
import {
  ApiEndpointService,
  ListApiEndpointsResponseSchema,
} from '@samovar/contract/generated/yandex/cloud/endpoint/api_endpoint_service_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import type { FoundationModelsSurface } from '../foundation-models-surface.ts';
import { ownMethod, type SurfaceMethod } from '../surface-method.ts';

type Surface = Pick<FoundationModelsSurface, 'grpcAddress' | 'mapError' | 'log'>;
type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Services by the ids under which clients look for their addresses. There are no tokens to exchange at `iam`, but the
 * general Python SDK does not begin without its address.
 */
const served = ['ai-foundation-models', 'endpoint', 'iam', 'operation'] as const;

/** `ApiEndpointService.List`: where each service answers. Clients ask it before they have shown a key. */
export function listEndpointsMethod(surface: Surface): SurfaceMethod<typeof ApiEndpointService.method.list> {
  return ownMethod(surface, {
    method: {
      id: 'endpoint.endpoints.list',
      descriptor: ApiEndpointService.method.list,
      permission: 'public',
      audit: null,
      summary: 'List the addresses of services',
    },
    async answer({ headers }) {
      return create(ListApiEndpointsResponseSchema, {
        endpoints: served.map((id) => endpointOf(surface, id, headers)),
      });
    },
  });
}

/** `ApiEndpointService.Get`. */
export function getEndpointMethod(surface: Surface): SurfaceMethod<typeof ApiEndpointService.method.get> {
  return ownMethod(surface, {
    method: {
      id: 'endpoint.endpoints.get',
      descriptor: ApiEndpointService.method.get,
      permission: 'public',
      audit: null,
      summary: 'Read the address of a service',
    },
    async answer({ headers, request: { apiEndpointId: id } }) {
      const known = served.find((each) => each === id);
      if (known === undefined)
        throw new SamovarError('request.not_found', {
          params: { kind: 'endpoint', id: id.slice(0, 100) },
          field: 'apiEndpointId',
        });
      return endpointOf(surface, known, headers);
    },
  });
}

function endpointOf({ grpcAddress }: Surface, id: string, headers: Headers) {
  return create(ApiEndpointSchema, { id, address: grpcAddress(headers[':authority'] ?? headers.host) });
}
