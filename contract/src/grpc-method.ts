import type { DescMethodServerStreaming, DescMethodUnary } from '@bufbuild/protobuf';
import type { Permission } from './permissions.ts';

/**
 * One entry of the table of gRPC methods, the counterpart of `Route`: the server, its reflection, the documentation
 * and the access tests are built from these records.
 */
export interface GrpcMethod<
  Descriptor extends DescMethodUnary | DescMethodServerStreaming =
    | DescMethodUnary
    | DescMethodServerStreaming,
> {
  /** `surface.resource.verb`, for example `foundation-models.text-generation.completion`. */
  readonly id: string;
  /** Of the generated service: names, messages and kind (unary or server streaming). */
  readonly descriptor: Descriptor;
  readonly permission: Permission | 'public';
  /** The audit action that a successful call records; `null` for reads and inference. */
  readonly audit: string | null;
  readonly summary: string;
}
