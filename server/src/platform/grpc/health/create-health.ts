import { create, type MessageShape } from '@bufbuild/protobuf';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@samovar/contract/generated/grpc/health/v1/health_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import type { BoundGrpcMethod, MessageExchange } from '../../../kernel/ports/message-exchange.ts';

export interface HealthOptions {
  /** Full names of the services. */
  readonly services: readonly string[];
  /** Whether they would answer now. */
  serving(): boolean;
}

export interface HealthService {
  readonly methods: readonly BoundGrpcMethod[];
  /** Tells every watcher what is so now, at once. */
  tell(): void;
}

type Status = MessageShape<typeof Health.method.check.output>['status'];
type WatchExchange = MessageExchange<typeof Health.method.watch>;

const lookMs = 500;

/** `grpc.health.v1`: the server as a whole (the empty name) and each of its services, which are well together. */
export function createHealth({ services, serving }: HealthOptions): HealthService {
  const names = ['', ...new Set(services)];
  const known = new Set(names);
  const watchers = new Map<WatchExchange, Status>();
  let looking: NodeJS.Timeout | null = null;

  function statusNow(): Status {
    return serving() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  function tell(): void {
    for (const [exchange, told] of watchers) {
      const status = known.has(exchange.request.service) ? statusNow() : ServingStatus.SERVICE_UNKNOWN;
      if (status === told) continue;
      watchers.set(exchange, status);
      exchange.answer.message(create(Health.method.watch.output, { status }));
    }
  }

  function watch(exchange: WatchExchange): void {
    watchers.set(exchange, ServingStatus.UNKNOWN);
    looking ??= setInterval(tell, lookMs).unref();
    exchange.answer.onGone(() => {
      watchers.delete(exchange);
      if (watchers.size > 0 || looking === null) return;
      clearInterval(looking);
      looking = null;
    });
    tell();
  }

  const check: BoundGrpcMethod<typeof Health.method.check> = {
    method: publicMethod('check', Health.method.check, 'How a service, or the whole server, is now.'),
    handle({ request, answer }) {
      if (!known.has(request.service))
        throw new SamovarError('request.not_found', { params: { kind: 'service', id: request.service } });
      answer.message(create(Health.method.check.output, { status: statusNow() }));
      answer.end();
    },
    refused() {},
  };
  const list: BoundGrpcMethod<typeof Health.method.list> = {
    method: publicMethod('list', Health.method.list, 'How the server and each of its services are now.'),
    handle({ answer }) {
      const status = statusNow();
      const statuses = Object.fromEntries(names.map((name) => [name, { status }]));
      answer.message(create(Health.method.list.output, { statuses }));
      answer.end();
    },
    refused() {},
  };
  const watching: BoundGrpcMethod<typeof Health.method.watch> = {
    method: publicMethod('watch', Health.method.watch, 'How a service is now, and every change.'),
    handle: watch,
    refused() {},
  };
  return { methods: [check, list, watching], tell };
}

function publicMethod<Descriptor extends BoundGrpcMethod['method']['descriptor']>(
  verb: string,
  descriptor: Descriptor,
  summary: string,
) {
  return { id: `grpc.health.${verb}`, descriptor, permission: 'public', audit: null, summary } as const;
}
