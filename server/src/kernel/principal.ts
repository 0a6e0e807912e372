import type { Permission } from '@samovar/contract/permissions';

/** The tenant that a row belongs to. Every store function takes one. */
export interface Scope {
  readonly organizationId: string;
  readonly projectId: string;
}

/** Who calls: resolved once per request, part of every call into a module. */
export interface Principal extends Scope {
  readonly kind: 'api-key';
  readonly keyId: string;
  readonly permissions: ReadonlySet<Permission>;
}
