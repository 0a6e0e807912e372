import { sql } from 'kysely';

/**
 * Which version a model's name means, the first in this order of `model_versions as v`: ready ones that are not archived
 * before others, the one that became that last before earlier ones.
 */
export const currentFirst = sql`(v.state = 'ready' and v.archived_at is null) desc,
  case when v.state = 'ready' then coalesce(v.current_since, v.ready_at, v.created_at) end desc nulls last,
  v.id desc`;
