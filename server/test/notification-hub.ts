import type { Notifications } from '../src/kernel/ports/notifications.ts';

export interface NotificationHub extends Notifications {
  /** Tells the listeners of a channel, as PostgreSQL would; without it all notifications are lost. */
  tell(channel: string, payload: string): void;
}

/** Notifications that a test sends, or loses. */
export function createNotificationHub(): NotificationHub {
  const listeners = new Map<string, Set<(payload: string) => void>>();
  return {
    subscribe(channel, listener) {
      const others = listeners.get(channel) ?? new Set();
      listeners.set(channel, others.add(listener));
      return () => others.delete(listener);
    },
    tell(channel, payload) {
      for (const listener of listeners.get(channel) ?? []) listener(payload);
    },
  };
}
