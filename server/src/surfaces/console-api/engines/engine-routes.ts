import Type from 'typebox';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import {
  changeEngine,
  connectEngine,
  defaultLimits,
  defaultTimeouts,
  listEngines,
  probeNow,
  type RemoteEngineDependencies,
  removeEngine,
  showEngine,
} from '../../../modules/remote-engines/index.ts';
import { consoleRoute } from '../console-route.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import { engineAdapterRoutes } from './engine-adapter-routes.ts';
import {
  changedEngineBody,
  engineObjectOf,
  enginePage,
  engineStates,
  newEngineBody,
  removedEngineObject,
  shownEngineOf,
} from './engine-schema.ts';
import { shownEngine as shown, engineTag as tag } from './shown-engine.ts';

export interface EngineApi {
  readonly remoteEngines: RemoteEngineDependencies;
}

const path = '/api/engines/{name}';
const params = Type.Object({ name: Type.String({ maxLength: 64 }) });

/** `/api/engines`: engines that run elsewhere. Keys and values of headers go in and never come back. */
export function engineRoutes({ remoteEngines }: EngineApi): BoundRoute[] {
  return [
    listRoute(remoteEngines),
    connectRoute(remoteEngines),
    showRoute(remoteEngines),
    changeRoute(remoteEngines),
    removeRoute(remoteEngines),
    probeRoute(remoteEngines),
    ...engineAdapterRoutes(remoteEngines),
  ];
}

function listRoute({ database }: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.engines.list',
      method: 'GET',
      path: '/api/engines',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'List connected engines by name',
      query: pageQuery({ state: Type.Optional(Type.Enum([...engineStates])) }),
      responses: { 200: { description: 'A page of engines.', schema: enginePage } },
    },
    async ({ principal, query }) => {
      const filter = { state: oneOf(engineStates, query.state) };
      return pageReply(await listEngines(database, principal, filter, pageRequestOf(query)), engineObjectOf);
    },
  );
}

function connectRoute(deps: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.engines.connect',
      method: 'POST',
      path: '/api/engines',
      permission: 'engines.manage',
      audit: 'engine.connect',
      tag,
      summary: 'Connect an engine that runs elsewhere',
      description:
        'An OpenAI-compatible server (vLLM, SGLang, llama-server, another Samovar) or TEI. It is probed at once, by whatever process is free; `POST /api/engines/{name}/probe` waits for it. Its models are called like any other then.',
      body: newEngineBody,
      responses: { 201: shown },
      idempotent: true,
    },
    async ({ principal, requestId, body }) => {
      const wanted = body as Type.Static<typeof newEngineBody>;
      await connectEngine(deps, auditContextOf(principal, requestId), {
        name: wanted.name,
        kind: wanted.kind === 'tei' ? 'tei' : 'openai',
        baseUrl: wanted.baseUrl,
        secrets: { key: wanted.key ?? null, headers: wanted.headers ?? {} },
        ca: wanted.ca ?? null,
        discover: wanted.discover ?? (wanted.models ?? []).length === 0,
        mapping: mappingOf(wanted.models ?? []),
        limits: { ...defaultLimits, ...wanted.limits },
        timeouts: { ...defaultTimeouts, ...wanted.timeouts },
      });
      return { status: 201, body: shownEngineOf(await showEngine(deps.database, principal, wanted.name)) };
    },
  );
}

function showRoute({ database }: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.engines.get',
      method: 'GET',
      path,
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'Show a connected engine',
      params,
      responses: { 200: shown },
    },
    async ({ principal, params: { name = '' } }) => ({
      status: 200,
      body: shownEngineOf(await showEngine(database, principal, name)),
    }),
  );
}

function changeRoute(deps: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.engines.change',
      method: 'PATCH',
      path,
      permission: 'engines.manage',
      audit: 'engine.change',
      tag,
      summary: 'Change a connection; what is left out stays',
      description:
        'Answers that run go on. Lists and maps are replaced as a whole; `key: null` takes the key away. Another server gets the key and the headers only when they are sent again with its address.',
      params,
      body: changedEngineBody,
      responses: { 200: shown },
    },
    async ({ principal, requestId, params: { name = '' }, body }) => {
      const { models, ...change } = body as Type.Static<typeof changedEngineBody>;
      await changeEngine(deps, auditContextOf(principal, requestId), name, {
        ...change,
        ...(models && { mapping: mappingOf(models) }),
      });
      return { status: 200, body: shownEngineOf(await showEngine(deps.database, principal, name)) };
    },
  );
}

function removeRoute(deps: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.engines.remove',
      method: 'DELETE',
      path,
      permission: 'engines.manage',
      audit: 'engine.remove',
      tag,
      summary: 'Forget a connection and its key',
      description:
        'Answers that run go on to their end. Its models stay known; those that no other engine serves (`unservedModels`) are refused as unreachable, until one does or they are deleted.',
      params,
      responses: { 200: { description: 'The engine as it was.', schema: removedEngineObject } },
    },
    async ({ principal, requestId, params: { name = '' } }) => {
      const engine = await showEngine(deps.database, principal, name);
      const unservedModels = await removeEngine(deps, auditContextOf(principal, requestId), name);
      return { status: 200, body: { ...shownEngineOf(engine), unservedModels: [...unservedModels] } };
    },
  );
}

function probeRoute(deps: RemoteEngineDependencies): BoundRoute {
  return consoleRoute(
    {
      id: 'console.engines.probe',
      method: 'POST',
      path: '/api/engines/{name}/probe',
      permission: 'engines.manage',
      audit: 'engine.probe',
      tag,
      summary: 'Look at an engine now, and check each of its models again',
      description: 'Sends a few tiny requests for each model. Answers when that is done.',
      params,
      responses: { 200: shown },
    },
    async ({ principal, requestId, params: { name = '' } }) => {
      await probeNow(deps, auditContextOf(principal, requestId), name);
      return { status: 200, body: shownEngineOf(await showEngine(deps.database, principal, name)) };
    },
  );
}

function mappingOf(models: NonNullable<Type.Static<typeof newEngineBody>['models']>) {
  return models.map(({ task, ...mapping }) => ({
    ...mapping,
    ...(task === 'chat' || task === 'embedding' ? { task } : {}),
  }));
}
