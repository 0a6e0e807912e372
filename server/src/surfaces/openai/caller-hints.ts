import Type from 'typebox';
import type { Parameter } from './parameter.ts';
import * as piece from './schema-pieces.ts';

/** What a caller says of itself, its cache and its tier: cannot change an answer here. Alike for chat and responses. */
export const callerHints = {
  service_tier: {
    treatment: 'accepted',
    schema: piece.oneOf('auto', 'default'),
    note: 'Only `auto` and `default`.',
    reason: 'there is one tier here; leave it out, or send "auto" or "default"',
  },
  prompt_cache_key: {
    treatment: 'accepted',
    schema: Type.String(),
    note: 'The longest common prefix is reused by itself.',
  },
  prompt_cache_options: { treatment: 'accepted', schema: Type.Unknown(), note: 'See `prompt_cache_key`.' },
  prompt_cache_retention: {
    treatment: 'accepted',
    schema: piece.oneOf('in_memory', '24h'),
    note: 'See `prompt_cache_key`.',
  },
  safety_identifier: { treatment: 'accepted', schema: Type.String(), note: 'Nothing is reported.' },
  user: { treatment: 'accepted', schema: Type.String(), note: 'Requests are accounted by API key.' },
} as const satisfies Record<string, Parameter>;
