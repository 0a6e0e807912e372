import Type from 'typebox';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import {
  loadAdapter,
  type RemoteEngineDependencies,
  showEngine,
  unloadAdapter,
} from '../../../modules/remote-engines/index.ts';
import { consoleRoute } from '../console-route.ts';
import { adapterBody, shownEngineOf } from './engine-schema.ts';
import { shownEngine as shown, engineTag as tag } from './shown-engine.ts';

/** `/api/engines/{name}/adapters`: LoRA adapters that an engine shall have. */
export function engineAdapterRoutes(deps: RemoteEngineDependencies): BoundRoute[] {
  return [loadAdapterRoute(deps), unloadAdapterRoute(deps)];
}

const write = {
  path: '/api/engines/{name}/adapters/{adapter}',
  permission: 'engines.manage',
  tag,
  params: Type.Object({
    name: Type.String({ maxLength: 64 }),
    adapter: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$', description: 'How it is called.' }),
  }),
  responses: { 202: shown },
} as const;

function loadAdapterRoute(deps: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      ...write,
      id: 'console.engines.load-adapter',
      method: 'PUT',
      audit: 'engine.adapter-load',
      summary: 'Have a vLLM load a LoRA adapter, now and after each of its restarts',
      description:
        'It is called like a model then. Returns at once; `adapters` and `events` tell how it went.',
      body: adapterBody,
    },
    async ({ principal, requestId, params: { name = '', adapter = '' }, body }) => {
      const { path: folder } = body as Type.Static<typeof adapterBody>;
      await loadAdapter(deps, auditContextOf(principal, requestId), name, { name: adapter, path: folder });
      return { status: 202, body: shownEngineOf(await showEngine(deps.database, principal, name)) };
    },
  );
}

function unloadAdapterRoute(deps: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      ...write,
      id: 'console.engines.unload-adapter',
      method: 'DELETE',
      audit: 'engine.adapter-unload',
      summary: 'Have a vLLM unload a LoRA adapter',
    },
    async ({ principal, requestId, params: { name = '', adapter = '' } }) => {
      await unloadAdapter(deps, auditContextOf(principal, requestId), name, adapter);
      return { status: 202, body: shownEngineOf(await showEngine(deps.database, principal, name)) };
    },
  );
}
