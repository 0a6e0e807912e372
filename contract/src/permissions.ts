/** What a key may do. Surfaces name one for each route; the iam module decides. */
export const permissions = {
  'inference.invoke':
    'Call models: chat, completions, responses, embeddings, classification, tokens; also asynchronously.',
  'models.read': 'List models, aliases, deployments and their state.',
  'models.manage': 'Load, unload and import models.',
  'aliases.manage': 'Move, roll back and remove aliases of the project, and run canaries.',
  'aliases.share': 'Give aliases to every project of the organization.',
  'engines.manage': 'Connect engines that run elsewhere, change and remove the connections.',
  'keys.read': 'List API keys.',
  'keys.manage': 'Create and revoke API keys.',
  'usage.read': 'Read usage.',
  'operations.read': 'Read long-running operations and their results.',
  'operations.manage': 'Cancel long-running operations.',
  'metrics.read': 'Read Prometheus metrics.',
  'settings.read': 'Read the running configuration, secrets masked.',
} as const;

export type Permission = keyof typeof permissions;

/** Every permission: what the first key of an installation may do. */
export const allPermissions = Object.keys(permissions) as Permission[];

/** What a key for an application gets when nothing else is asked for. */
export const applicationPermissions: readonly Permission[] = [
  'inference.invoke',
  'models.read',
  'operations.read',
  'operations.manage',
];
