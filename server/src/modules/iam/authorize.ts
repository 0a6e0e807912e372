import type { Permission } from '@samovar/contract/permissions';
import { SamovarError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/principal.ts';

/** Throws `access.forbidden` unless the caller holds the permission. */
export function authorize(principal: Principal, permission: Permission): void {
  if (!principal.permissions.has(permission))
    throw new SamovarError('access.forbidden', { params: { permission } });
}
