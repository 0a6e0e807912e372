import type { Route } from '@samovar/contract/route';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { AuditContext } from '../../../modules/audit/index.ts';
import { promoteAlias, rollbackAlias, stopCanary } from '../../../modules/registry/index.ts';
import { beginCanary } from '../../../modules/rollout/index.ts';
import { consoleRoute } from '../console-route.ts';
import { type AliasApi, actionParams, aliasTag, moved } from './alias-access.ts';
import {
  canaryBody,
  moveOptions,
  promotion,
  rollbackBody,
  wantedCanary,
  wantedPromotion,
} from './alias-body.ts';
import { canariedExample } from './alias-examples.ts';
import { aliasObject } from './alias-schema.ts';

/** Acts on an alias, each one recorded move. */
export function moveRoutes(api: AliasApi): BoundRoute[] {
  return [
    moveRoute(
      api,
      {
        action: 'promote',
        audit: 'alias.promote',
        summary: 'Let the candidate answer alone',
        description:
          'The target that is named, or the only one beside the stable one. A canary ends with it.',
        body: promotion,
      },
      (checked, context, name, body) => promoteAlias(checked, context, name, wantedPromotion(body)),
    ),
    moveRoute(
      api,
      {
        action: 'rollback',
        audit: 'alias.rollback',
        summary: 'Take the last move back',
        description:
          'All steps of a canary count as one move. Twice goes two moves back. An alias that was removed comes back, as one of the project.',
        body: rollbackBody,
      },
      (checked, context, name, body) => rollbackAlias(checked, context, name, moveOptions(body)),
    ),
    moveRoute(
      api,
      {
        action: 'canary',
        audit: 'alias.canary',
        summary: 'Give a candidate a growing share of the requests',
        description:
          'Each step is held for its time and until the candidate has answered `minRequests` in it; after the last the candidate is promoted. It is taken back by itself when its share of failed requests exceeds the stable target’s by more than `maxErrorIncrease`, or its time to the first byte (95th percentile) is more than `maxLatencyRatio` times the stable target’s. A step in which it got too few requests to be judged by ends after `maxWaitSeconds`, as `whenQuiet` says.',
        body: canaryBody,
        example: canariedExample,
      },
      (checked, context, name, body) => beginCanary(checked, context, name, wantedCanary(body)),
    ),
    moveRoute(
      api,
      {
        id: 'canary-stop',
        action: 'canary/stop',
        audit: 'alias.canary-stop',
        summary: 'End a canary, and leave the shares as they are',
        body: rollbackBody,
      },
      (checked, context, name, body) => stopCanary(checked, context, name, moveOptions(body)),
    ),
  ];
}

interface MoveParts extends Pick<Route, 'audit' | 'summary' | 'description' | 'body'> {
  /** The end of its address, and of its id unless that is another. */
  readonly action: string;
  readonly id?: string;
  readonly example?: object;
}

function moveRoute(
  api: AliasApi,
  { action, id = action, example, ...parts }: MoveParts,
  move: (checked: AliasApi, context: AuditContext, name: string, body: unknown) => Promise<unknown>,
): BoundRoute {
  return consoleRoute(
    {
      ...parts,
      id: `console.aliases.${id}`,
      method: 'POST',
      path: `/api/aliases/{name}/${action}`,
      permission: 'aliases.manage',
      tag: aliasTag,
      params: actionParams,
      bodyOptional: true,
      responses: {
        200: { description: 'The alias after this.', schema: aliasObject, ...(example && { example }) },
      },
    },
    async (request) => {
      const { name = '' } = request.params;
      return await moved(api, request, name, (checked, context) =>
        move(checked, context, name, request.body),
      );
    },
  );
}
