/** The one organization and project that a new installation has (written by migration 0001). */
export const defaultScope = {
  organizationId: '00000000-0000-7000-8000-000000000001',
  projectId: '00000000-0000-7000-8000-000000000002',
} as const;
