/** Canonical gRPC status names (grpc.io, "Status codes and their use in gRPC"). */
export type GrpcStatus =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'CANCELLED'
  | 'DEADLINE_EXCEEDED'
  | 'UNIMPLEMENTED'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | 'DATA_LOSS';

export interface ErrorEntry {
  readonly httpStatus: number;
  readonly grpcStatus: GrpcStatus;
  /** Public English text; `{name}` is replaced by the parameter of that name. */
  readonly message: string;
  /** What the reader can do about it, one or two sentences. */
  readonly remedy: string;
}

/** Keeps the literal codes of an area while checking each entry's form. */
export function defineErrors<const T extends Record<string, ErrorEntry>>(entries: T): T {
  return entries;
}
